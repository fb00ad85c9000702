"""The operator: observe, decide, act, record. It never connects to a database and has no right to read Secrets."""
