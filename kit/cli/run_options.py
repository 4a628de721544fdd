"""The options of a run of notebooks, which several commands share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from kit.errors import UsageError

_OPTION = re.compile("--?[a-zA-Z]")  # what no value begins with: -1 is a value, -w is not

NotebooksArgument = Annotated[
    list[str] | None,
    typer.Argument(help="Names (01_data) or paths; default: all numbered notebooks.", show_default=False),
]
ParameterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        "-p",
        metavar="NAME VALUE",
        help="Set a notebook parameter; may be repeated.",
        show_default=False,
    ),
]
FileOption = Annotated[
    Path | None,
    typer.Option("--file", "-f", help="YAML file of parameters; -p overrides it.", show_default=False),
]
FromOption = Annotated[
    str | None,
    typer.Option("--from", help="Run only this notebook and all that depend on it.", show_default=False),
]
UntilOption = Annotated[
    str | None,
    typer.Option("--until", help="Run only this notebook and all that it depends on.", show_default=False),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", help="Run only this notebook; may be repeated.", show_default=False),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would run, what would be skipped, and why.")
]
SkipOption = Annotated[
    bool, typer.Option(help="Skip notebooks that are unchanged since they last succeeded.")
]
JobsOption = Annotated[int, typer.Option(min=0, help="Notebooks to run at a time; 0: one per core.")]
MemoryOption = Annotated[
    float, typer.Option(min=0, help="Memory for all of them together, in MB; 0: most of what is free.")
]
RetriesOption = Annotated[int, typer.Option(min=0, help="Retries after an accident, such as a dead kernel.")]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        min=1, help="Time limit per notebook, in seconds; overrides its own limit.", show_default=False
    ),
]
WaitOption = Annotated[
    bool, typer.Option(help="Wait for another run in this workspace to end, or fail at once.")
]
KernelOption = Annotated[str, typer.Option(help="Kernelspec to run the notebooks with.")]


class PairCommand(TyperCommand):
    """Takes `-p NAME VALUE` as papermill does; typer's options that can be repeated take one word each."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words, joined = list(args), []
        while words:
            joined.append(words.pop(0))
            if joined[-1] in {"-p", "--parameter"} and words:
                name = words.pop(0)
                has_value = "=" not in name and words and not _OPTION.match(words[0])
                joined.append(f"{name}={words.pop(0)}" if has_value else name)
        return super().parse_args(ctx, joined)


def pairs_of(words: Sequence[str] | None) -> dict[str, str]:
    """Return the values of `-p` by name.

    Raises:
        UsageError: when a name has no value.
    """
    pairs: dict[str, str] = {}
    for word in words or ():
        name, separator, value = word.partition("=")
        if not separator:
            raise UsageError(
                f"-p takes a name and a value, but {word!r} stands alone. Write -p {word} VALUE."
            )
        pairs[name] = value
    return pairs
