"""The Kubernetes API, as few verbs as the operator needs, in plain dicts.

The official client is transport only: its typed models reject fields that they do not know (a user's newer pod
template) and cost seconds to import (cluster facts, 10).
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final, Self

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client.api_client import ApiClient

from revgate.contract import names
from revgate.control.telling.metrics import API_CALLS
from revgate.control.watching.nesting import flat

Body = dict[str, Any]

_TIMEOUT_SECONDS: Final = 30.0
_LOG_TIMEOUT_SECONDS: Final = 5.0  # other migrations wait while a node that is away does not answer
_LOG_BYTES: Final = 1_000_000
_LOG_LINES: Final = 400  # what the operator reads of it is said last
_PREFIXES: Final = {
    names.PLURAL: f"/apis/{names.GROUP}/{names.VERSION}",
    names.PLANS: f"/apis/{names.GROUP}/{names.VERSION}",
    "jobs": "/apis/batch/v1",
    "pods": "/api/v1",
    "events": "/api/v1",
    "leases": "/apis/coordination.k8s.io/v1",
}
_PAGE: Final = 500  # objects; a whole list of thousands would stand in memory twice, as text and as objects
_OK_BELOW: Final = 300
_WATCH_SECONDS: Final = 600
_SILENCE: Final = aiohttp.ClientTimeout(sock_read=90.0)  # bookmarks come once a minute, whatever else happens


class ApiFailure(Exception):  # noqa: N818 - what the server answered, not a bug of ours
    """The API server refused a request, or did not answer (status 0): HTTP status and its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class Cluster:
    """A connection to one API server. Use it as an async context manager."""

    def __init__(
        self, client: ApiClient, on_answer: Callable[[], None], may_write: Callable[[], bool] = lambda: True
    ) -> None:
        self._client = client
        self._on_answer = on_answer
        self._may_write = may_write

    @classmethod
    async def connect(cls, on_answer: Callable[[], None] = lambda: None) -> Self:
        """Connect with the pod's service account, or with KUBECONFIG outside of a cluster.

        `on_answer` is called whenever the API server has answered a request.
        """
        try:
            config.load_incluster_config()  # type: ignore[no-untyped-call] # the client ships no types here
        except config.ConfigException:
            await config.load_kube_config()  # type: ignore[no-untyped-call] # as above
        return cls(ApiClient(), on_answer)

    def fenced(self, may_write: Callable[[], bool]) -> "Cluster":
        """Return the same connection for somebody who reads at any time and writes only as long as `may_write`."""
        return Cluster(self._client, self._on_answer, may_write)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()  # type: ignore[no-untyped-call] # as above

    async def get(self, kind: str, namespace: str, name: str) -> Body | None:
        """Return an object, or None when there is none."""
        try:
            return await self._json("GET", f"{_path(kind, namespace)}/{name}")
        except ApiFailure as failure:
            if failure.status == 404:  # noqa: PLR2004 - an HTTP status reads best as itself
                return None
            raise

    async def list(self, kind: str, namespace: str = "", **query: str) -> list[Body]:
        """Return all objects of a kind, in one namespace or in all; `query` is labelSelector or fieldSelector."""
        answer = await self._json("GET", _path(kind, namespace), query=query)
        return list(answer.get("items", ()))

    async def pages(self, kind: str, **query: str) -> AsyncIterator[Sequence[Body]]:
        """Yield all objects of a kind, some at a time."""
        query |= {"limit": str(_PAGE)}
        while True:
            answer = await self._json("GET", _path(kind, ""), query=query)
            yield answer["items"]
            if not (more := answer["metadata"].get("continue")):
                return
            query["continue"] = more

    async def create(self, kind: str, namespace: str, body: Body) -> Body:
        """Create an object; fields that the server does not know are an error, not dropped."""
        return await self._json("POST", _path(kind, namespace), query={"fieldValidation": "Strict"}, body=body)

    async def replace(self, kind: str, namespace: str, name: str, body: Body) -> Body:
        """Replace exactly the version of an object that `body` was made from."""
        return await self._json("PUT", f"{_path(kind, namespace)}/{name}", body=body)

    async def delete(self, kind: str, namespace: str, name: str, uid: str) -> None:
        """Delete exactly this object; a Job after its pods: one that has started after all is seen to its end."""
        order = "Foreground" if kind == "jobs" else "Background"
        options = {"propagationPolicy": order, "preconditions": {"uid": uid}}
        try:
            await self._json("DELETE", f"{_path(kind, namespace)}/{name}", body=options)
        except ApiFailure as failure:
            if failure.status not in (404, 409):
                raise

    async def patch_status(self, kind: str, namespace: str, name: str, patch: Body, version: str) -> Body:
        """Merge a patch into the status of exactly this version of an object and return the object.

        The version keeps the status of a deleted migration away from a new one of the same name: in a status patch of
        a custom resource the API server ignores the uid.
        """
        path = f"{_path(kind, namespace)}/{name}/status"
        body = {"metadata": {"resourceVersion": version}, "status": patch}
        return await self._json("PATCH", path, body=body, content_type="application/merge-patch+json")

    async def patch(self, kind: str, namespace: str, name: str, operations: Sequence[Body]) -> None:
        """Apply a JSON patch (RFC 6902) to an object; ApiFailure 422 when one of its tests does not hold."""
        path = f"{_path(kind, namespace)}/{name}"
        await self._json("PATCH", path, body=list(operations), content_type="application/json-patch+json")

    async def watch(self, kind: str, **query: str) -> AsyncIterator[Body]:
        """Yield each object of a selection as ADDED and then what happens to it, until the API server ends the watch.

        Without a version to begin at it tells of all that is there: "Get State and Start at Most Recent".
        """
        query |= {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(_WATCH_SECONDS)}
        call = await self._client.param_serialize(
            "GET", _path(kind, ""), query_params=list(query.items()), auth_settings=["BearerToken"]
        )
        try:
            response = (await self._client.call_api(*call, _request_timeout=_SILENCE)).response
            async with response:
                API_CALLS.labels("WATCH", kind, response.status).inc()
                if response.status >= _OK_BELOW:
                    raise ApiFailure(response.status, _message(await response.read()))
                yield {"type": "BOOKMARK", "object": {}}  # it has begun
                async for line in _lines(response.content):
                    yield _event(line)
        except (TimeoutError, OSError, aiohttp.ClientError, ValueError) as error:
            raise ApiFailure(0, f"API server broke off a watch: {error!r}") from error

    async def log(self, namespace: str, pod: str, container: str) -> str:
        """Return the end of a container's log."""
        query = {"container": container, "limitBytes": str(_LOG_BYTES), "tailLines": str(_LOG_LINES)}
        path = f"{_path('pods', namespace)}/{pod}/log"
        data = await self._request("GET", path, query=query, timeout=_LOG_TIMEOUT_SECONDS)
        return data.decode(errors="replace")

    async def _json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | Sequence[Body] | None = None,
        content_type: str = "application/json",
    ) -> Body:
        data = await self._request(method, path, query=query, body=body, content_type=content_type)
        return _parsed(data)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | Sequence[Body] | None = None,
        content_type: str = "application/json",
        timeout: float = _TIMEOUT_SECONDS,  # noqa: ASYNC109 - the client's own
    ) -> bytes:
        call = await self._client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        if method != "GET" and not self._may_write():
            raise ApiFailure(0, "Nothing was written: this operator leads no longer")
        try:
            response = await self._client.call_api(*call, _request_timeout=timeout)
            data: bytes = await response.read()  # type: ignore[no-untyped-call] # as above
        except (TimeoutError, OSError, aiohttp.ClientError) as error:
            _count(method, path, 0)
            raise ApiFailure(0, f"API server did not answer: {error!r}") from error
        _count(method, path, response.status)
        self._on_answer()
        if response.status >= _OK_BELOW:
            raise ApiFailure(response.status, _message(data))
        return data


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Yield lines of any length: aiohttp's own reading of lines gives up at 128 KiB."""
    rest = b""
    async for piece in content.iter_any():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line


def _event(line: bytes) -> Body:
    event = _parsed(line)
    if event["type"] == "ERROR":
        raise ApiFailure(int(event["object"].get("code", 0)), str(event["object"].get("message", "")))
    return event


def _parsed(data: bytes) -> Body:
    """Parse an answer; only one that is nested too deeply for the parser is looked through for where."""
    try:
        answer: Body = json.loads(data)
    except RecursionError:
        answer = json.loads(flat(data))
    return answer


def _path(kind: str, namespace: str) -> str:
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"{_PREFIXES[kind]}{scope}/{kind}"


def _count(method: str, path: str, code: int) -> None:
    """Count a request by its kind, never by a name: there are as many series as there are kinds."""
    steps = path.split("/")
    kind = steps[steps.index("namespaces") + 2] if "namespaces" in steps else steps[-1]
    API_CALLS.labels("LIST" if method == "GET" and steps[-1] == kind else method, kind, code).inc()


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data[:200].decode(errors="replace")
