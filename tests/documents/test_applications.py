"""The three applications of the document, run whole: FastAPI with its lifespan, a click program, a Telegram bot."""

import asyncio
import importlib
import subprocess
import sys

import pytest
from httpx import ASGITransport, AsyncClient

from documents.places import Way
from documents.replaced import python_for
from documents.running_python import Names, compiled
from documents.running_shell import ENDS_WITHIN, Done, environment_of
from examples.telegram import Telegram, serving

QUICK = "Пример с FastAPI"
FASTAPI = "Пример 1: FastAPI приложение"
CLICK = "Пример 2: CLI приложение с Click"
BOT = "Пример 3: Telegram бот (aiogram)"


def defined_by(way: Way, key: str) -> Names:
    names: Names = {"__name__": "app.main"}
    exec(compiled(python_for(way, key)), names)  # noqa: S102  the document's own code
    return names


async def started_and_asked(names: Names, *paths: str) -> list[object]:
    """Start the application, ask it, and stop it."""
    app = names["app"]
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://app") as client,
    ):
        return [(await client.get(path)).raise_for_status().json() for path in paths]


@pytest.mark.parametrize("at", ["", "0005", "0008"])
def test_the_short_fastapi_example_migrates_when_it_starts(async_way, caplog, at):
    caplog.set_level("INFO")
    async_way.place.bring_to(at)
    asyncio.run(started_and_asked(defined_by(async_way, QUICK)))
    assert async_way.place.version() == "0008"
    said = [record.getMessage() for record in caplog.records if record.name == "app.main"]
    assert said == ["Выполняем миграции базы данных...", "Миграции завершены"]


@pytest.mark.parametrize("at", ["", "0008"])
def test_the_whole_fastapi_example_migrates_and_answers_health(async_way, at):
    async_way.place.bring_to(at)
    health, root = asyncio.run(started_and_asked(defined_by(async_way, FASTAPI), "/health", "/"))
    assert health == {
        "status": "healthy",
        "schema_version": "0008",
        "expected_version": "0008",
        "pending_migrations": [],
    }
    assert root == {"message": "Accounting API работает"}


def test_a_fastapi_application_whose_migration_fails_does_not_start(async_way):
    async_way.place.execute("CREATE TABLE account_aggregates (id integer)")
    with pytest.raises(RuntimeError, match="Не удалось инициализировать базу данных: Revision 0008 "):
        asyncio.run(started_and_asked(defined_by(async_way, FASTAPI), "/health"))
    assert async_way.place.version() == "0007"


def test_the_click_program_initializes_checks_and_refuses(async_way):
    first = click_program(async_way, "create-account", "ACC001")
    assert first.returncode == 1
    assert "Есть ожидающие миграции" in first.stdout
    assert "Ожидающие миграции: 8" in click_program(async_way, "check-db").stdout

    made = click_program(async_way, "init-db")
    assert "Миграции ещё не применялись" in made.stdout
    assert "✓ База данных инициализирована (версия: 0008)" in made.stdout

    assert "✓ Все миграции применены" in click_program(async_way, "check-db").stdout
    assert "✓ Счёт ACC001 создан" in click_program(async_way, "create-account", "ACC001").stdout


def click_program(way: Way, *arguments: str) -> Done:
    program = way.place.folder / "main.py"
    program.write_text(python_for(way, CLICK), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program), *arguments],
        env=environment_of(way.place) | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDS_WITHIN,
    )
    assert "Traceback" not in done.stderr, done
    return done


def test_the_bot_migrates_before_it_polls_and_tells_its_status(async_way):
    names = asyncio.run(bot_until_it_has_answered(async_way))
    assert names["answers"] == [
        "Добро пожаловать в Accounting Bot!",
        "📊 Статус бота\n\nВерсия схемы: 0008\nОжидаемая версия: 0008\nОжидающие миграции: 0",
    ]
    assert async_way.place.version() == "0008"


async def bot_until_it_has_answered(way: Way) -> Names:
    names = defined_by(way, BOT)
    bot, endpoint = names["bot"], importlib.import_module("aiogram.client.telegram").TelegramAPIServer
    with serving(bot.token) as telegram:
        bot.session.api = endpoint.from_base(telegram.address)
        polling = asyncio.create_task(names["main"]())
        names["answers"] = [await asyncio.to_thread(asked, telegram, text) for text in ("/start", "/status")]
        await names["dp"].stop_polling()
        await polling
    return names


def asked(telegram: Telegram, text: str) -> str:
    telegram.writes(text)
    return telegram.answer()
