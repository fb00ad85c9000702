"""Who works, and through what: the Lease, and the queue of whoever holds it."""
