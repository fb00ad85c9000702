"""Holds the migrations, where the reference looks for them."""
