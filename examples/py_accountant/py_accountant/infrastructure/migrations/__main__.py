"""Entry of ``python -m py_accountant.infrastructure.migrations``: the ledger's revisions, wherever it is started.

revgate's own command takes the Alembic project in the working directory first; the ledger's must not.
"""

import os
import sys
from pathlib import Path

from revgate.cli.main import main

if not os.environ.get("ALEMBIC_CONFIG"):
    os.environ["ALEMBIC_CONFIG"] = str(Path(__file__).with_name("alembic.ini"))
sys.exit(main())
