# make help says what there is. CLUSTER=local|kind|context:NAME chooses a cluster (deploy/local/select), VENV another
# environment, PYTEST_ARGS what pytest runs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
VENV ?= .venv
PYTEST_ARGS ?=
py := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: bench bench-page faults generated help venv tools test verify lint generate lock cluster cluster-down image image-load demo demo-down clean \
	migrate-create migrate-up migrate-down migrate-status migrate-reset

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: ## the development environment, with revgate installed from its wheel
	@deploy/local/venv $(VENV)

tools: ## Debian's packages, Kubernetes and Helm: what is missing is installed or compiled
	@deploy/local/install-tools
	@deploy/local/cluster build

test: tools venv ## everything that the tests need, and then the tests
	@deploy/demo/images
	@tests/all $(py)/python $(PYTEST_ARGS)

bench: tools venv ## what revgate costs, beside psql, plain Alembic and other tools: one table of floors, build/bench.json
	@$(py)/python bench/all.py

bench-page: tools venv ## the same, with its tables written into docs/performance.md
	@$(py)/python bench/all.py --markdown docs/performance.md

verify: generate lint test ## what has to hold before a commit is shown: generated files, lint, types, tests, a clean tree
	@[ -z "$$(git status --porcelain)" ] || { git status --short; echo "The tree is not clean: commit what is listed, generated files included" >&2; exit 1; }

lint: venv ## ruff, mypy and the import contracts
	$(py)/ruff check
	$(py)/ruff format --check
	$(py)/mypy
	$(py)/lint-imports

generate: tools venv ## CRDs and the install manifest, from the types
	$(py)/python -m revgate.control.generate

lock: venv ## locks/*.txt, from pyproject.toml
	@deploy/local/lock $(VENV)

cluster: ## a cluster to try things on
	@deploy/local/select up

cluster-down: ## stop it and remove its state
	@deploy/local/select down

image: ## the images of the runner, the operator and the gate, and a PostgreSQL for tests
	@deploy/local/image

image-load: image cluster ## the images, on the cluster
	@deploy/local/select load $$(deploy/local/image --names)

faults: tools venv ## 300 killed runners, 20 rounds of 50 runners, 20 crashes of the server, 300 faults of the operator: an hour
	@$(py)/python tests/faults/run.py $(FAULTS_ARGS)

generated: tools venv ## 10,000 generated resources, valid, nearly valid and hostile, for a real operator: half an hour
	@$(py)/python tests/generated/run.py $(GENERATED_ARGS)

demo: ## the tour on a cluster of its own: three releases of an app, and a schema that each has to wait for
	@deploy/demo/run

demo-down: ## remove what the demo made
	@deploy/demo/run down

# Alembic of the environment, on the database that the environment or .env names: docs/alembic-pyproject.md
$(py)/alembic:
	@deploy/local/venv $(VENV)

# by the environment and unexpanded, so that no shell and no make reads what a person writes in it
migrate-create: override export MSG := $(value MSG)
migrate-create: | $(py)/alembic ## a new revision, from models and database: MSG="Add user table"
	@[ -n "$${MSG// }" ] || { echo 'Nothing was created: say what the revision does, make migrate-create MSG="Add user table"' >&2; exit 1; }
	@$(py)/alembic revision --autogenerate --message="$$MSG"

migrate-up: | $(py)/alembic ## apply all pending revisions
	@$(py)/alembic upgrade head

migrate-down: | $(py)/alembic ## take back the newest applied revision
	@$(py)/alembic downgrade -1

migrate-status: | $(py)/alembic ## where the database is, what is pending in its order, and the history
	@echo "Current:"
	@$(py)/alembic current | { grep . || echo "nothing is applied"; }
	@echo "Pending:"
	@$(py)/alembic history --indicate-current --rev-range current:heads \
	| { grep -vE -- '-> [^ ,]+( \([^)]*\))* \(current\)(,|$$)' || echo "nothing"; } | tac
	@echo "History:"
	@$(py)/alembic history

migrate-reset: | $(py)/alembic ## take back every revision, and all data with them: asks first, unless CONFIRM=yes
	@[ "$${CONFIRM-}" = yes ] || [ -t 0 ] || { echo "Nothing was reset: there is no terminal to ask in, say CONFIRM=yes" >&2; exit 1; }
	@$(py)/alembic current
	@[ "$${CONFIRM-}" = yes ] || { read -rp "Type yes to drop all tables and data of this database: " answer; [ "$$answer" = yes ]; } \
	|| { echo "Nothing was reset" >&2; exit 1; }
	@$(py)/alembic downgrade base

clean: ## stale clusters, and what builds and tools left in this folder
	@[ "$$(id -u)" != 0 ] || deploy/local/cluster down --all
	@rm -rf build dist operator/*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
