"""What a release consists of besides wheel and source: `python deploy/release.py v0.1.0 dist/release`.

Checks that the tag is the version and that the changelog has it, and writes the notes, the krew plugin manifest and the
Homebrew formula for the archives that are in the folder. Needs nothing but Python.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = "https://github.com/lustre-doctor/lustre-doctor"
ABOUT = "Finds out why an FSx for Lustre volume does not mount on EKS"

KREW = """\
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: lustre-doctor
spec:
  version: {tag}
  homepage: {source}
  shortDescription: {about}
  description: |
    Inspects the mount path of every FSx for Lustre volume, names the cause with its evidence and prints the fix.
    Reads only. Needs Python 3.11 or newer and uv, which runs the plugin in an environment of its own.
  platforms:
    - selector:
        matchExpressions:
          - {{key: os, operator: In, values: [linux, darwin]}}
      uri: {source}/releases/download/{tag}/{archive}
      sha256: {sha256}
      files:
        - {{from: "*/deploy/krew/kubectl-lustre_doctor", to: .}}
        - {{from: "*/LICENSE", to: .}}
      bin: kubectl-lustre_doctor
"""
FORMULA = """\
class LustreDoctor < Formula
  include Language::Python::Virtualenv

  desc "{about}"
  homepage "{source}"
  url "{source}/releases/download/{tag}/{archive}"
  sha256 "{sha256}"
  license "Apache-2.0"

  depends_on "python@3.13"

  # `brew update-python-resources lustre-doctor` writes a resource for each dependency in the tap.
  def install
    virtualenv_install_with_resources
    generate_completions_from_executable(bin/"lustre-doctor", "completion")
  end

  test do
    assert_match version.to_s, shell_output("#{{bin}}/lustre-doctor --version")
  end
end
"""


def notes_of(version: str, changelog: str) -> str:
    """The changelog's section of a version. Raises ValueError where there is none."""
    found = re.search(rf"^## \[?{re.escape(version)}\]?[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.DOTALL | re.MULTILINE)
    if found is None or not found[1].strip():
        raise ValueError(f"CHANGELOG.md has no section {version}")
    return found[1].strip() + "\n"


def version_of(tag: str) -> str:
    """The version of a tag. Raises ValueError where diag/version.py says another."""
    text = (ROOT / "diag" / "version.py").read_text("utf-8")
    [version] = re.findall(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if tag != f"v{version}":
        raise ValueError(f"the tag is {tag}, diag/version.py says {version}")
    return str(version)


def write_manifests(tag: str, folder: Path) -> None:
    """Write notes, krew manifest and formula beside the source archive."""
    version = version_of(tag)
    [archive] = folder.glob("*.tar.gz")
    values = {
        "tag": tag, "source": SOURCE, "about": ABOUT, "archive": archive.name,
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
    }  # fmt: skip
    notes = notes_of(version, (ROOT / "CHANGELOG.md").read_text("utf-8"))
    (folder / "NOTES.md").write_text(notes, encoding="utf-8")
    (folder / "lustre-doctor.krew.yaml").write_text(KREW.format(**values), encoding="utf-8")
    (folder / "lustre-doctor.rb").write_text(FORMULA.format(**values), encoding="utf-8")


if __name__ == "__main__":
    try:
        write_manifests(sys.argv[1], Path(sys.argv[2]))
    except ValueError as wrong:
        sys.exit(str(wrong))
