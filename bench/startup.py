"""Start-up: `--version` and the explanation of one event or line, known or not, beside a bare `import click`."""

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
UNKNOWN_OF_CONSOLE = "LustreError: 11-0: abcdefgh-OST0001-osc-ffff8880: zork blurb failed: rc = -5\n"
UNKNOWN_OF_MOUNT = "mount.lustre: zork the blurb of 10.0.0.1@tcp:/abcdefgh at /mnt: frobnication failed\n"
"""Nothing names these two: every way to read a text is tried."""


def main() -> None:
    """Print the ratio of each."""
    program = str(Path(sys.executable).parent / "lustre-doctor")
    click = [sys.executable, "-c", "import click"]
    with tempfile.TemporaryDirectory() as folder:
        commands = {"--version": [program, "--version"]}
        for name, text in (("known", EVENT), ("console", UNKNOWN_OF_CONSOLE), ("mount", UNKNOWN_OF_MOUNT)):
            (Path(folder) / name).write_text(text)
            commands[f"explain {name}"] = [program, "explain", str(Path(folder) / name)]
        for name, command in commands.items():
            ours, bare = paired(command, click, rounds=21)
            print(
                f"{name:<16} {median_ms(ours):6.0f} ms; import click {median_ms(bare):6.0f} ms; "
                f"ratio {ratio(ours, bare):.2f}"
            )
