"""Everything of our kinds, as lists and watches bring it, in a cache."""
