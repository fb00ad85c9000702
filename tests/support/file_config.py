"""The sections of an alembic.ini that fileConfig reads: it silences every logger that exists before."""

LOGGING = """
    [loggers]
    keys = root
    [handlers]
    keys = console
    [formatters]
    keys = plain
    [logger_root]
    level = WARNING
    handlers = console
    [handler_console]
    class = StreamHandler
    args = (sys.stderr,)
    formatter = plain
    [formatter_plain]
    format = %(message)s
"""
