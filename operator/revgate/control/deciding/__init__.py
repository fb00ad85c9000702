"""From a snapshot to a decision, and from both to the status: pure."""
