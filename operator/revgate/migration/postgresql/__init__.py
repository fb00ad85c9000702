"""PostgreSQL: its sessions, its lock, its ledger. Nothing else in this room knows the driver."""
