"""Fixes, executed as they are printed, with the real programs, in a live lab."""
