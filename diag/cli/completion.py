"""`lustre-doctor completion`: the script that makes a shell complete its commands, options and names."""

from __future__ import annotations

import click

from diag.cli import _options

VARIABLE = "_LUSTRE_DOCTOR_COMPLETE"
"""What the script sets when it asks for names; click makes it of the program's name."""


@click.command(
    "completion",
    cls=_options.Command,
    examples=(
        'eval "$(lustre-doctor completion bash)"    # this shell; in ~/.bashrc for every shell',
        'eval "$(lustre-doctor completion zsh)"',
        "lustre-doctor completion fish > ~/.config/fish/completions/lustre-doctor.fish",
    ),
)
@click.argument("shell", type=_options.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> int:
    """Print the script that completes commands, options, and the ids of checks, layers, runbooks and facts."""
    from click.shell_completion import get_completion_class

    from diag.cli import cli

    completion = get_completion_class(shell)
    assert completion is not None  # noqa: S101 - click has all three
    click.echo(completion(cli, {}, "lustre-doctor", VARIABLE).source())
    return 0


def for_kubectl() -> None:
    """Entry point of `kubectl_complete-lustre_doctor`, which kubectl runs to complete `kubectl lustre-doctor …`.

    Source: Kubernetes documentation, kubectl plugins. The words come as arguments, the last one unfinished; a line a
    name, and last what the shell is to do with them (4: no names of files; 0: those too).
    """
    import os
    import sys

    from click.shell_completion import ShellComplete

    from diag.cli import cli

    *before, incomplete = sys.argv[1:] or [""]
    found = ShellComplete(cli, {}, "kubectl lustre-doctor", VARIABLE).get_completions(before, incomplete)
    for item in found:
        if item.type == "plain":
            click.echo(item.value)
    click.echo(":0" if any(item.type == "file" for item in found) else ":4")
    sys.stdout.flush()
    os._exit(0)
