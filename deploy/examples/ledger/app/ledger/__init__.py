"""A small double-entry ledger in three releases: what revgate's gates have to tell apart.

release   reads balances from                        works on
0005      balances, which revision 0007 drops        0005, 0006
0006      the sum of transaction_lines               0006, 0007, 0008
0008      account_aggregates and the lines since     0008
"""

import os

__version_schema__ = os.environ.get("SCHEMA", "0008")
"""The revision that this release requires; the image sets it."""
