"""Commands of ``histcode-train``, one a file: each adds its parser and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

Commands = Any
"""What `argparse.ArgumentParser.add_subparsers` returns."""


def add_commands(commands: Commands) -> None:
    """Add the commands for cohorts of slides and for spatial transcriptomics."""
    from histcode_training.commands import all as whole
    from histcode_training.commands import encoder, evaluate, genes, heads, probes, targets

    for command in (heads, targets, evaluate, genes, probes, encoder, whole):
        command.add(commands)


def command_line(options: argparse.Namespace, name: str, *, also: tuple[str, ...] = ()) -> str:
    """Return the command with what decides the result; no folder of this machine is in it."""
    words = [f"histcode-train {name} {options.recipe.name} --data DATA"]
    words += [f"--{flag}" for flag in also if getattr(options, flag.replace("-", "_"))]
    return " ".join(words)
