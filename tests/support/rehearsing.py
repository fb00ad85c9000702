"""What tests of rehearsals ask the two servers."""

from support.servers import Database, Server


def scratch_databases(server: Server) -> list[tuple]:
    return server.query("SELECT datname FROM pg_database WHERE datname LIKE 'revgate_rehearsal_%'")


def contents(database: Database) -> list[tuple]:
    tables = database.query("SELECT oid, relfilenode FROM pg_class WHERE relkind = 'r' ORDER BY oid")
    rows = database.query("SELECT * FROM revgate.revision_log ORDER BY revision")
    return [*tables, *rows, *database.query("SELECT * FROM alembic_version")]
