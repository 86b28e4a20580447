"""Print a CycloneDX 1.6 bill of what is installed in this Python: `python deploy/sbom.py > sbom.cdx.json`.

Needs nothing but Python, so that the image's build can make it of what it has just installed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from typing import Any

CLASSIFIER = "License :: OSI Approved :: "


def licence_of(found: Distribution) -> str:
    """The licence that a package names: an SPDX expression, else its classifiers, else its short field."""
    about = found.metadata
    field = (about.get("License") or "").strip()
    named = [line.removeprefix(CLASSIFIER) for line in about.get_all("Classifier") or () if line.startswith(CLASSIFIER)]
    return about.get("License-Expression") or " AND ".join(named) or (field if len(field) < 60 else "")


def component_of(found: Distribution) -> dict[str, Any]:
    """One package as a component."""
    name, version = found.metadata["Name"], found.version
    purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}"
    licence = licence_of(found)
    licences = {"licenses": [{"license": {"name": licence}}]} if licence else {}
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, **licences}


def bill(installed: Iterable[Distribution]) -> dict[str, Any]:
    """The bill of these packages, each once."""
    components = {part["purl"]: part for part in map(component_of, installed)}
    own = next((part for part in components.values() if part["name"] == "lustre-doctor"), None)
    about = {"metadata": {"component": {**components.pop(own["purl"]), "type": "application"}}} if own else {}
    parts = [components[purl] for purl in sorted(components)]
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, **about, "components": parts}


if __name__ == "__main__":
    json.dump(bill(distributions()), sys.stdout, indent=2)
    sys.stdout.write("\n")
