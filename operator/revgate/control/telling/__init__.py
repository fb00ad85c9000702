"""What people and their monitoring are told: logs, events, metrics, probes."""
