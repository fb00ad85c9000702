"""What runs in the app pod before the app: does this database serve the revisions that it requires?

    look (database) ──> judge (pure) ──> announce (stderr, termination message) ──> served: exit 0
      ^                                                            │
      └────────────────── pause, longer while unreachable <────────┘

Every pod of every app pays for what is imported here: the first look, which mostly is the last, needs libpq by ctypes
and little else. Its modules do without typing, dataclasses, enum and re; whatever else is needed is imported then.
"""
