"""The Kubernetes API, as few verbs as the operator needs, in plain dicts.

The official client is transport only: its typed models reject fields that they do not know (a user's newer pod
template) and cost seconds to import (cluster facts, 10).
"""

import json
from collections.abc import Mapping
from typing import Any, Final, Self

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client.api_client import ApiClient

from revgate.contract import names

Body = dict[str, Any]

_TIMEOUT_SECONDS: Final = 30.0
_LOG_TIMEOUT_SECONDS: Final = 5.0  # other migrations wait while a node that is away does not answer
_LOG_BYTES: Final = 1_000_000
_LOG_LINES: Final = 200  # what the operator reads of it is said last
_PREFIXES: Final = {
    names.PLURAL: f"/apis/{names.GROUP}/{names.VERSION}",
    "jobs": "/apis/batch/v1",
    "pods": "/api/v1",
    "events": "/api/v1",
}
_OK_BELOW: Final = 300


class ApiFailure(Exception):  # noqa: N818 - what the server answered, not a bug of ours
    """The API server refused a request, or did not answer (status 0): HTTP status and its message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


class Cluster:
    """A connection to one API server. Use it as an async context manager."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    @classmethod
    async def connect(cls) -> Self:
        """Connect with the pod's service account, or with KUBECONFIG outside of a cluster."""
        try:
            config.load_incluster_config()  # type: ignore[no-untyped-call] # the client ships no types here
        except config.ConfigException:
            await config.load_kube_config()  # type: ignore[no-untyped-call] # as above
        return cls(ApiClient())

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

    async def create(self, kind: str, namespace: str, body: Body) -> Body:
        """Create an object; fields that the server does not know are an error, not dropped."""
        return await self._json("POST", _path(kind, namespace), query={"fieldValidation": "Strict"}, body=body)

    async def delete(self, kind: str, namespace: str, name: str, uid: str) -> None:
        """Delete exactly this object, after what it owns: a pod that has started after all is seen to its end."""
        options = {"propagationPolicy": "Foreground", "preconditions": {"uid": uid}}
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
        body: Body | None = None,
        content_type: str = "application/json",
    ) -> Body:
        data = await self._request(method, path, query=query, body=body, content_type=content_type)
        answer: Body = json.loads(data)
        return answer

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
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
        try:
            response = await self._client.call_api(*call, _request_timeout=timeout)
            data: bytes = await response.read()  # type: ignore[no-untyped-call] # as above
        except (TimeoutError, OSError, aiohttp.ClientError) as error:
            raise ApiFailure(0, f"API server did not answer: {error!r}") from error
        if response.status >= _OK_BELOW:
            raise ApiFailure(response.status, _message(data))
        return data


def _path(kind: str, namespace: str) -> str:
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"{_PREFIXES[kind]}{scope}/{kind}"


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        return data[:200].decode(errors="replace")
