"""The bundled Alembic environment: eight revisions of an accounting ledger."""
