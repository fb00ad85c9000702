"""The Job of a run: built from the resource alone."""
