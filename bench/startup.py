"""Start-up: `--version` and the explanation of one event, beside a bare `import click`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.timing import median_ms, paired, ratio

EVENT = """MountVolume.SetUp failed for volume "fsx-pv" : rpc error: code = Internal desc = Could not mount \
"fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com@tcp:/abcdefgh" at "/var/lib/kubelet/pods/1/mount": mount failed: \
exit status 22
Mounting command: mount
Mounting arguments: -t lustre fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com@tcp:/abcdefgh /var/lib/kubelet/pods/1/mount
Output: mount.lustre: mount fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com@tcp:/abcdefgh at \
/var/lib/kubelet/pods/1/mount failed: Invalid argument
This may have multiple causes.
Is 'abcdefgh' the correct filesystem name?
Are the mount options correct?
Check the syslog for more info.
"""


def main() -> None:
    """Print both ratios."""
    program = str(Path(sys.executable).parent / "lustre-doctor")
    click = [sys.executable, "-c", "import click"]
    with tempfile.TemporaryDirectory() as folder:
        event = Path(folder) / "event.txt"
        event.write_text(EVENT)
        for name, command in (("--version", [program, "--version"]), ("explain", [program, "explain", str(event)])):
            ours, bare = paired(command, click, rounds=15)
            print(
                f"{name:<10} {median_ms(ours):6.0f} ms; import click {median_ms(bare):6.0f} ms; "
                f"ratio {ratio(ours, bare):.2f}"
            )
