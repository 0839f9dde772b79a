"""`assistant completion SHELL`: a script that completes commands, flags and choices.

    bash   source <(assistant completion bash)          in ~/.bashrc
    zsh    source <(assistant completion zsh)           in ~/.zshrc, after compinit
    fish   assistant completion fish | source           in ~/.config/fish/config.fish

The script is made from the command line itself each time, so a new shell always knows
what this version understands. It reads nothing of yours and starts nothing.
"""

from __future__ import annotations

import argparse

from assistant.cli.command_tree import read
from assistant.cli.context import Context

SHELLS = ("bash", "zsh", "fish")


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "completion", help="a script that completes commands in your shell", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "shell", choices=SHELLS, metavar="|".join(SHELLS), help="the shell it is for"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, _context: Context) -> int:
    """Print the script. Needs no home and no vault."""
    from assistant.cli import completion_scripts
    from assistant.cli.main import build_parser

    # The script is code for the shell, made of our own words: nothing foreign is in it.
    print(completion_scripts.SCRIPTS[arguments.shell](read(build_parser())), end="")
    return 0
