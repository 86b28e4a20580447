"""Two ways to run the property tests: the same examples each time (a gate must not fall by luck), or a wide search."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("wide", max_examples=3000, deadline=None, print_blob=True)
settings.load_profile("gate")
