"""SQLite: a file and its lock, or a database in memory that one connection of the user's engine holds."""
