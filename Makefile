# make help says what there is. CLUSTER=local|kind|context:NAME chooses a cluster (deploy/local/select), VENV another
# environment, PYTEST_ARGS what pytest runs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
VENV ?= .venv
PYTEST_ARGS ?=
py := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help venv tools test verify lint generate lock cluster cluster-down image image-load demo demo-down clean

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

demo: ## the tour on a cluster of its own: three releases of an app, and a schema that each has to wait for
	@deploy/demo/run

demo-down: ## remove what the demo made
	@deploy/demo/run down

clean: ## stale clusters, and what builds and tools left in this folder
	@[ "$$(id -u)" != 0 ] || deploy/local/cluster down --all
	@rm -rf build dist operator/*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
