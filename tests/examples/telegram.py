"""A Telegram of a test's own: a Bot API server on this machine, with a person who writes to the bot."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from support.waiting import eventually

_PERSON = {"id": 7, "is_bot": False, "first_name": "Ada"}
_CHAT = {"id": 7, "type": "private"}
_BOT = {"id": 42, "is_bot": True, "first_name": "Ledger", "username": "ledger_bot"}


@dataclass
class Telegram:
    """What the bot asked for, and what waits for it."""

    token: str
    address: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _inbox: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    _loop: asyncio.AbstractEventLoop | None = None
    _last: int = 0

    def writes(self, text: str) -> None:
        """Let the person write to the bot."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._inbox.put_nowait, text)

    def answer(self) -> str:
        """Wait for the bot's next message to the person and return it."""
        sent = eventually("The bot answered", lambda: [a for method, a in self.asked if method == "sendMessage"], 120)
        self.asked.clear()
        assert sent[0]["chat_id"] == str(_CHAT["id"])
        return sent[0]["text"]

    async def respond(self, request: web.Request) -> web.Response:
        """Answer a call of the Bot API."""
        if request.match_info["token"] != self.token:
            return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
        method = request.match_info["method"]
        arguments = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append((method, arguments))
        return web.json_response({"ok": True, "result": await self._result(method, arguments)})

    async def _result(self, method: str, arguments: dict[str, str]) -> Any:
        match method:
            case "getMe":
                return _BOT
            case "getUpdates":
                return await self._updates(float(arguments["timeout"]))
            case "sendMessage":
                return self._message(_BOT, arguments["text"])
            case _:
                return True

    async def _updates(self, seconds: float) -> list[dict[str, Any]]:
        try:
            text = await asyncio.wait_for(self._inbox.get(), seconds)
        except TimeoutError:
            return []
        self._last += 1
        return [{"update_id": self._last, "message": self._message(_PERSON, text)}]

    def _message(self, sender: dict[str, Any], text: str) -> dict[str, Any]:
        command = [{"type": "bot_command", "offset": 0, "length": len(text)}] if text.startswith("/") else []
        return {"message_id": 1, "date": 0, "chat": _CHAT, "from": sender, "text": text, "entities": command}


@contextmanager
def serving(token: str) -> Iterator[Telegram]:
    """Serve on a free port in a thread of its own until the block ends."""
    telegram = Telegram(token)
    ready, stop = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(telegram, ready, stop)))
    thread.start()
    try:
        assert ready.wait(30), "The Bot API server did not start"
        yield telegram
    finally:
        assert telegram._loop is not None
        telegram._loop.call_soon_threadsafe(stop.set)
        thread.join()


async def _serve(telegram: Telegram, ready: threading.Event, stop: asyncio.Event) -> None:
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", telegram.respond)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    telegram.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    telegram._loop = asyncio.get_running_loop()
    ready.set()
    await stop.wait()
    await runner.cleanup()
