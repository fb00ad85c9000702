"""What runs in the app pod before the app: does this database serve the revisions that it requires?

    read (database) ──> judge (pure) ──> announce (stderr, termination message) ──> served: exit 0
      ^                                                            │
      └────────────────── pause, longer while unreachable <────────┘

Standard library and one driver, because every pod of every app pays for the imports.
"""
