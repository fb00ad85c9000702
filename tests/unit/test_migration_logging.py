import logging
import logging.config
from pathlib import Path

from revgate.migration.environment.logging_kept import logging_kept

INI = """
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys =
[logger_root]
level = ERROR
handlers = console
[handler_console]
class = StreamHandler
args = ()
"""


def test_loggers_are_as_before_after_an_env_py_called_file_config(tmp_path: Path):
    ini = tmp_path / "alembic.ini"
    ini.write_text(INI)
    ours, root = logging.getLogger("somebody.elses"), logging.getLogger()
    ours.setLevel(logging.INFO)
    before = (root.level, root.handlers[:])
    with logging_kept():
        logging.config.fileConfig(ini)
        assert ours.disabled
    assert not ours.disabled
    assert (root.level, root.handlers) == before
