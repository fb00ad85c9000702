"""The user's own kubectl, started for each question."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any, Final

from revgate.cli.kubectl.errors import PluginError
from revgate.cli.kubectl.printable import printable
from revgate.cli.kubectl.refusals import refusal_of
from revgate.contract import names
from revgate.control.watching.nesting import flat

MIGRATIONS: Final = f"{names.PLURAL}.{names.GROUP}"
PLANS: Final = f"{names.PLANS}.{names.GROUP}"


@dataclass(frozen=True, slots=True)
class Kubectl:
    """How to call kubectl. `options` choose cluster and user, `namespace` is "" for the context's own."""

    options: tuple[str, ...] = ()
    namespace: str = ""

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """Return an object; `NotFoundError` when there is none."""
        found: dict[str, Any] = self._read("get", kind, "-o", "json", *self._place(), "--", name)
        return found

    def find(self, kind: str, selector: str = "", *, everywhere: bool = False) -> list[dict[str, Any]]:
        """Return the objects of a kind that have these labels, in one namespace or in all."""
        place = ("--all-namespaces",) if everywhere else self._place()
        items: list[dict[str, Any]] = self._read("get", kind, "-o", "json", "-l", selector, *place)["items"]
        return items

    def patch(self, kind: str, name: str, change: dict[str, Any]) -> dict[str, Any]:
        """Merge a change into an object and return it; `ConflictError` when a resourceVersion in it is old."""
        words = ("--type=merge", "-o", "json", f"--patch={json.dumps(change)}")
        changed: dict[str, Any] = self._read("patch", kind, *words, *self._place(), "--", name)
        return changed

    def user(self) -> str:
        """Return the caller's name, as the API server sees it."""
        return str(self._read("auth", "whoami", "-o", "json")["status"]["userInfo"]["username"])

    def current_namespace(self) -> str:
        """Return the namespace that is meant."""
        if self.namespace:
            return self.namespace
        found = self._text("config", "view", "--minify", "-o", "jsonpath={..namespace}")
        return found or "default"

    def last_line(self, pod: str, container: str) -> str:
        """Return the last line of a container's log; "" when it has none."""
        line: str = printable(self._text("logs", pod, "-c", container, "--tail=1", *self._place()))
        return line

    def show(self, *words: str) -> None:
        """Let kubectl write its answer to the user's own standard output, as it comes."""
        self._run(*words, *self._place(), stdout=None)

    def _place(self) -> tuple[str, ...]:
        return (f"--namespace={self.namespace}",) if self.namespace else ()

    def _read(self, *words: str) -> Any:
        text = self._text(*words)
        try:
            return printable(json.loads(flat(text.encode())))  # one strange template must not hide all the others
        except json.JSONDecodeError:
            raise PluginError(f"kubectl printed no JSON but {text[:80]!r}: is it a wrapper of your own?") from None

    def _text(self, *words: str) -> str:
        return self._run(*words, stdout=subprocess.PIPE).decode(errors="replace").strip()

    def _run(self, *words: str, stdout: int | None) -> bytes:
        command = ("kubectl", *self.options, *words)
        try:
            done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE)
        except FileNotFoundError:
            raise PluginError("kubectl was not found: install it, or put its folder on the PATH") from None
        if done.returncode:
            raise refusal_of(printable(done.stderr.decode(errors="replace")))
        return done.stdout or b""
