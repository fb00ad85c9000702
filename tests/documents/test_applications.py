"""The three applications of the document, run whole: FastAPI with its lifespan, a click program, a Telegram bot."""

import asyncio
import os
import subprocess
import sys

import pytest
from httpx import ASGITransport, AsyncClient

from documents.places import Way
from documents.replaced import TOKEN, python_for
from documents.running_python import Names, compiled
from documents.running_shell import ENDS_WITHIN, Done, environment_of
from examples.process import started
from examples.telegram import serving
from examples.test_telegram_bot import packages  # noqa: F401  aiogram, in a folder of its own

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


LAUNCHER = """
import asyncio, main, sys
from aiogram.client.telegram import TelegramAPIServer
main.bot.session.api = TelegramAPIServer.from_base(sys.argv[1])
asyncio.run(main.main())
"""


def test_the_bot_migrates_before_it_polls_and_tells_its_status(async_way, packages):  # noqa: F811  a fixture
    """Started with another address of Telegram, which the document's `python main.py` has no word for."""
    folder = async_way.place.folder
    (folder / "main.py").write_text(python_for(async_way, BOT), encoding="utf-8")
    (folder / "launcher.py").write_text(LAUNCHER, encoding="utf-8")
    before = f"{packages}{os.pathsep}{os.environ['PYTHONPATH']}"
    with (
        serving(TOKEN) as telegram,
        started(folder / "log", folder, "python", "launcher.py", telegram.address, PYTHONPATH=before) as process,
    ):
        telegram.writes("/start")
        assert telegram.answer() == "Добро пожаловать в Accounting Bot!"
        assert async_way.place.version() == "0008"
        telegram.writes("/status")
        assert telegram.answer().endswith("Версия схемы: 0008\nОжидаемая версия: 0008\nОжидающие миграции: 0")
        assert process.stop() == 0
        assert "Завершение выполнено" in process.output
