"""The gate over HTTP, for what is no pod: Argo Rollouts analysis, CI, curl. It reads the cache and asks nobody."""

from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

from revgate.contract.serves import Answer, Verdict
from revgate.control.gates.question import judge
from revgate.control.gates.standing import MOST_REVISIONS
from revgate.control.observing.reading import read_migration
from revgate.control.observing.snapshot import Key, Migration
from revgate.control.watching.cache import Cache

_STATES: Final = {
    Answer.YES: "Served",
    Answer.BEHIND: "Behind",
    Answer.PAST_FLOOR: "PastFloor",
    Answer.CANNOT_TELL: "CannotTell",
}
_ALLOWED: Final = {"requires"}


def gate_routes(cache: Cache, is_warm: Callable[[], bool]) -> list[web.RouteDef]:
    """Return the routes of the gate.

    Args:
        cache: what the watches have shown.
        is_warm: whether they have shown everything that was there when they began; until then none is missing.
    """

    async def gate(request: web.Request) -> web.Response:
        return answer(request, cache, is_warm=is_warm())

    return [web.get("/gate/{namespace}/{name}", gate)]


def answer(request: web.Request, cache: Cache, *, is_warm: bool) -> web.Response:
    """Answer 200 or 409 about a migration; 400, 404 or 503 when there is nothing to answer about."""
    key = Key(request.match_info["namespace"], request.match_info["name"])
    requires = _requires(request)
    if not requires:
        usage = f"write /gate/{key}?requires=0008 with the full ids of at most {MOST_REVISIONS} revisions, and no more"
        return _refusal(400, "BadRequest", f"Question was not understood: {usage}")
    body = cache.migration(key)
    if body is None and not is_warm:
        return _refusal(503, "Starting", "Operator has not seen all migrations yet: ask again")
    if body is None:
        return _refusal(404, "NotFound", f"SchemaMigration {key.name} does not exist in namespace {key.namespace}")
    migration = read_migration(body)
    return _answered(migration, judge(migration, requires))


def _requires(request: web.Request) -> tuple[str, ...]:
    """Return the revisions, each once; empty for a question that must not be taken for another one."""
    if set(request.query) - _ALLOWED:
        return ()
    parts = (part.strip() for text in request.query.getall("requires", ()) for part in text.split(","))
    revisions = tuple(dict.fromkeys(part for part in parts if part))
    return revisions if len(revisions) <= MOST_REVISIONS else ()


def _answered(migration: Migration, verdict: Verdict) -> web.Response:
    status = migration.status
    body = {
        "state": _STATES[verdict.answer],
        "message": verdict.message,
        "observedAt": status.observed_at.strftime("%Y-%m-%dT%H:%M:%SZ") if status.observed_at else None,
        "currentRevisions": status.current_revisions,
    }
    return _json(200 if verdict.answer is Answer.YES else 409, body)


def _refusal(code: int, state: str, message: str) -> web.Response:
    return _json(code, {"state": state, "message": message})


def _json(code: int, body: Mapping[str, object]) -> web.Response:
    return web.json_response(body, status=code, headers={"Cache-Control": "no-store"})
