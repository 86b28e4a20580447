"""Healthy worlds that look unlike the usual one: a doctor must find nothing wrong in any of them.

What each module registers stands in `VARIANTS`.
"""

import importlib
import pkgutil

from tests.lab.variants.registry import VARIANTS, variant

__all__ = ["VARIANTS", "variant"]

for _module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_module.name)
