"""Stores that the tests cannot run, tried for real: ``bash scripts/try_stores``."""
