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
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> int:
    """Print the script that completes commands, options, and the ids of checks, layers, runbooks and facts."""
    from click.shell_completion import get_completion_class

    from diag.cli import cli

    completion = get_completion_class(shell)
    assert completion is not None  # noqa: S101 - click has all three
    click.echo(completion(cli, {}, "lustre-doctor", VARIABLE).source())
    return 0
