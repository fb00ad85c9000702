"""Wants a variable that the Job does not have."""

import os

os.environ["SETTINGS_OF_THE_APP"]
