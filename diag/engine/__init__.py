"""Resolves which facts the selected checks need, gathers them at the same time, and lets the checks judge."""
