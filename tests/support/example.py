"""The example app in a process of its own, started as its image starts it."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.servers import Database

APP = Path(__file__).parents[2] / "deploy" / "examples" / "ledger" / "app"
STARTS_WITHIN = 30.0  # seconds


@dataclass(frozen=True)
class Release:
    """A running release of the example."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int

    def asks(self, method: str, path: str, fields: object = None, key: str = "") -> tuple[int, dict]:
        body = None if fields is None else json.dumps(fields).encode()
        headers = {"Idempotency-Key": key} if key else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - as above
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def opens(self, *codes: str) -> None:
        for code in codes:
            assert self.asks("PUT", f"/accounts/{code}", {"name": code})[0] == 200

    def posts(self, debit: str, credit: str, amount: str, key: str = "") -> tuple[int, dict]:
        lines = [{"account": debit, "amount": amount}, {"account": credit, "amount": f"-{amount}"}]
        return self.asks("POST", "/journals", {"description": "test", "lines": lines}, key)

    def balance(self, code: str) -> float:
        status, fields = self.asks("GET", f"/accounts/{code}/balance")
        assert status == 200, fields
        return float(fields["balance"])


@contextmanager
def running(folder: Path, database: Database, schema: str, drain: str = "0") -> Iterator[Release]:
    log = folder / f"app-{schema}.log"
    environment = os.environ | {
        "SCHEMA": schema,
        "DATABASE_URL": database.url,
        "PORT": "0",
        "DRAIN_SECONDS": drain,
        "PYTHONPATH": str(APP),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with log.open("wb") as stderr:
        process = subprocess.Popen([sys.executable, "-m", "ledger"], env=environment, stderr=stderr)
    try:
        yield Release(process, log, _port(process, log))
    finally:
        process.kill()
        process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + STARTS_WITHIN
    while not (found := re.search(r"serves on port (\d+)", log.read_text())):
        assert process.poll() is None, f"The app ended: {log.read_text()}"
        assert time.monotonic() < deadline, f"The app did not start: {log.read_text()}"
        time.sleep(0.02)
    return int(found[1])
