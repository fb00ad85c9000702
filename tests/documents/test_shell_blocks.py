"""Blocks of shell that run as they are printed: what they print, how they end, where the database is afterwards."""

from dataclasses import dataclass

import pytest

from documents.blocks import BLOCKS, text_of
from documents.places import PLACES
from documents.printed import shown
from documents.running_shell import bash, script
from documents.test_python_blocks import SPOIL

POSTGRESQL = PLACES[:2]
HISTORY = text_of("history 3").replace("0001_initial (head)", "0001_initial")  # only a head is one
PENDING = text_of("pending 3")
NONE_PENDING = text_of("pending 4")
EXAMPLES_OF_DOWNGRADE = [line for line in text_of("downgrade <revision> 2").splitlines() if line.startswith("python")]
UPGRADED = "✓ Upgraded to head…\n"


@dataclass(frozen=True)
class Run:
    """One block in one situation; `out` may have ellipses for the rest of a line."""

    key: str
    situation: str
    out: str
    at: str = ""
    after: str = "0008"
    code: int = 0
    spoiled: bool = False  # revision 0008 will fail
    arguments: tuple[str, ...] = ()
    places: tuple[str, ...] = PLACES


RUNS = (
    Run(
        "Базовое использование",
        "an empty database",
        f"{UPGRADED}Current version: 0008\n{NONE_PENDING}{HISTORY}",
    ),
    Run(
        "Пример с Docker 2",
        "an empty database",
        f"Выполняем миграции базы данных...\n{UPGRADED}Запускаем приложение...\nThe app runs\n",
        arguments=("echo", "The app runs"),
    ),
    Run(
        "Пример с Docker 2",
        "a revision that fails: the app is not started",
        "Выполняем миграции базы данных...\n",
        after="0007",
        code=1,
        spoiled=True,
        arguments=("echo", "The app runs"),
    ),
    Run("current 2", "the head", "Current version: 0008\n", at="0008"),
    Run("current 2", "behind", "Current version: 0005\nТребуются миграции\n", at="0005", after="0005", code=1),
    Run("current 2", "an empty database", "Database not initialized\nТребуются миграции\n", after="", code=1),
    # Lines are counted, and a table has more of them than rows
    Run("pending 2", "behind", f"{PENDING}Предупреждение: 10 ожидающих миграций\n", at="0005", after="0005"),
    Run("pending 2", "the head", f"{NONE_PENDING}Предупреждение: 1 ожидающих миграций\n", at="0008"),
    Run("history 2", "an empty database", f"{HISTORY}{HISTORY}", after=""),
    Run("Health Check", "the head", "✓ Миграции актуальны\n", at="0008"),
    Run(
        "Health Check",
        "behind",
        "✗ Несоответствие миграций: current=0005, expected=0008\n",
        at="0005",
        after="0005",
        code=1,
    ),
    Run(
        "Docker Wait-for-DB",
        "an empty database",
        f"База данных готова\n{UPGRADED}The app runs\n",
        arguments=("echo", "The app runs"),
        places=POSTGRESQL,
    ),
    Run("Analyze Migration Duration", "an empty database", UPGRADED),
    Run(
        "Test Rollback Procedures",
        "an empty database",
        f"{UPGRADED}✓ Downgraded to 0007…\n{UPGRADED}",
    ),
    Run("Issue 3: Migrations Not Executing 2", "the head", "Tables: […'accounts', …]\n", at="0008"),
    Run("Issue 4: VersionMismatchError 2", "behind", UPGRADED, at="0005"),
    Run('Issue 5: "Database not initialized" 2', "an empty database", UPGRADED),
    Run("F. Exit Codes (CLI)", "an empty database", UPGRADED),
    Run("F. Exit Codes (CLI)", "a revision that fails", "Migration failed!\n", after="0007", code=1, spoiled=True),
)


CASES = [
    pytest.param(run, place, id=f"line {BLOCKS[run.key].line}, {run.situation}, {place}")
    for run in RUNS
    for place in run.places
]


@pytest.mark.parametrize(("run", "place"), CASES, indirect=["place"])
def test_a_block_of_shell_does_what_the_document_says(run, place):
    place.bring_to(run.at)
    if run.spoiled:
        place.execute(SPOIL)
    text = text_of(run.key)
    done = (script if text.startswith("#!") else bash)(place, text, *run.arguments)
    assert shown(run.out).fullmatch(done.stdout), done
    assert (done.returncode, place.version()) == (run.code, run.after), done
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "after"),
    list(zip(EXAMPLES_OF_DOWNGRADE, ["0007", "0006", "0005", "", "0007"], strict=True)),
)
def test_each_example_of_downgrade_ends_where_its_comment_says(place, command, after):
    place.bring_to("0008")
    done = bash(place, command)
    assert (done.returncode, place.version()) == (0, after), done


def test_the_variable_of_py_accountant_comes_before_the_common_one(place):
    place.bring_to("0005")
    look = "DATABASE_URL=sqlite:////nowhere python -m py_accountant.infrastructure.migrations current"
    done = bash(place, f"{text_of('Переменные окружения')}\n{look}")
    assert done.stdout == "Current version: 0005\n", done


def test_a_url_of_an_async_driver_works_as_well_as_the_sync_one(place):
    """The document calls the first one wrong, and shows the error that it once gave."""
    wrong, correct = text_of('Issue 2: "Async driver not supported for Alembic" 2').strip().split("\n\n")
    error = text_of('Issue 2: "Async driver not supported for Alembic"').partition(":")[0]
    for lines, is_noted in ((wrong, True), (correct, False)):
        done = bash(place, f"{lines}\npython -m py_accountant.infrastructure.migrations upgrade head")
        assert done.returncode == 0, done
        assert ("names the async driver" in done.stderr) is is_noted
        assert error not in done.stderr
    assert place.version() == "0008"


def test_three_slashes_lead_to_a_file_in_the_working_directory(new_place):
    """Appendix E calls such a path absolute; to SQLAlchemy, and so to us, it takes four."""
    place = new_place("sqlite")
    done = bash(place, "python -m py_accountant.infrastructure.migrations upgrade", DATABASE_URL="sqlite:///here.db")
    assert done.returncode == 0, done
    assert (place.folder / "here.db").is_file()
