"""Entry of ``python -m revgate``."""

import sys

from revgate.cli.main import main

sys.exit(main())
