"""A notebook's parameters as its cell tagged `parameters` declares them: the single source for all front ends.

A line is `name: type = default  # help`, with type str, int, float or bool and a literal as default. The help
may bound the value, in a person's words:

    epochs: int = 5  # passes over the rows, 1 to 1000      both ends included
    seed: int = 7  # of weights and splits, 0 or more
    size: str = "small"  # one of: small, large             nothing after the last choice
    password: str = ""  # of the account, secret           see `kit.secret`; or: optional secret

Bounds stand at the start of the help or after a comma, semicolon or opening bracket. The cell is read as
text, so that a wrong parameter is reported at once: this module imports neither papermill nor TensorFlow.
"""

from __future__ import annotations

import ast
import io
import json
import math
import re
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kit.errors import UsageError
from kit.os_errors import reason_of
from kit.secret import file_variable_of, variable_of
from kit.texts import did_you_mean

Value = str | int | float | bool
TAG = "parameters"
SOURCES_VARIABLE = "KIT_PARAMETER_SOURCES"
"""What the command line tells the kernels of a run: where each given parameter came from, as JSON."""

_TYPES: dict[str, type[Value]] = {"str": str, "int": int, "float": float, "bool": bool}
_BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}
_NUMBER = r"(-?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)"
_BOUNDS = re.compile(rf"(?:^|[,;(])\s*{_NUMBER} (?:to {_NUMBER}|or more)(?![\w.])")
_SECRET = re.compile(r"(?:^|[,;(])\s*(optional )?secret\b")
_CHOICES = re.compile(r"\bone of: (.+)$")


@dataclass(frozen=True)
class Parameter:
    """One parameter; `help` is the comment behind it, from which `bounds` and `choices` are taken."""

    name: str
    type: str
    default: Value
    help: str = ""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Lowest and highest value, both allowed."""
        if self.type not in {"int", "float"} or not (match := _BOUNDS.search(self.help)):
            return None
        return float(match[1]), float(match[2]) if match[2] else math.inf

    @property
    def is_secret(self) -> bool:
        """Whether its value comes from the environment and is written nowhere."""
        return _SECRET.search(self.help) is not None

    @property
    def is_required(self) -> bool:
        """Whether it is a secret that must be set."""
        return (match := _SECRET.search(self.help)) is not None and match[1] is None

    @property
    def choices(self) -> tuple[str, ...]:
        match = _CHOICES.search(self.help)
        return tuple(word.strip().strip("\"'") for word in match[1].split(",")) if match else ()

    def convert(self, given: object) -> Value:
        """Return the value in this parameter's type, from text (command line) or a typed value (YAML).

        Raises:
            ValueError: when it is of another type, out of bounds or not one of the choices; the text says what was
                expected and found.
        """
        value = _typed(given, self.type)
        if self.is_secret and given not in ("", None):  # also for non-texts: it must not be shown
            raise ValueError(
                f"is a secret, which comes only from {variable_of(self.name)} in the environment, or from the file "
                f"that {file_variable_of(self.name)} names there"
            )
        if self.is_secret and self.type != "str":
            raise ValueError("is a secret, which must be of type str")
        if self.is_secret and self.name.lower().endswith("_file"):
            raise ValueError(
                f"is a secret, but {variable_of(self.name)} would name a file: choose another name"
            )
        if value is None:
            raise ValueError(f"must be {_ARTICLES[self.type]}, but is {given!r}")
        if isinstance(value, str) and not _is_unicode(value):
            raise ValueError(f"must be UTF-8 text, but is {value!r}")
        bounds = self.bounds
        # Python compares a whole number of any size with infinity, but cannot make a float of it.
        if bounds and not isinstance(value, str) and not bounds[0] <= value <= bounds[1]:
            allowed = f"{bounds[0]:g} or more" if math.isinf(bounds[1]) else f"{bounds[0]:g} to {bounds[1]:g}"
            raise ValueError(f"must be {allowed}, but is {value!r}")
        if self.choices and str(value) not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}, but is {value!r}")
        return value


_ARTICLES = {
    "str": "text",
    "int": "a whole number",
    "float": "a finite number",
    "bool": "true or false",
}


def _is_unicode(text: str) -> bool:
    """Say whether text is without surrogates, which stand for the bytes of a command line that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _typed(given: object, wanted: str) -> Value | None:
    """Return `given` as a value of the type, or None when it cannot be one without loss."""
    if wanted == "bool":
        return given if isinstance(given, bool) else _BOOLEANS.get(str(given).strip().lower())
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        return None
    if wanted == "str":
        # YAML makes the span 3 a number; a float may have lost how it was written.
        return None if isinstance(given, float) else str(given)
    try:
        if wanted == "int":
            return None if isinstance(given, float) else int(given)
        number = float(given)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_parameters(notebook: Path) -> dict[str, Parameter]:
    """Return the parameters of a notebook in the order of its cell; none when no cell has the tag.

    Raises:
        UsageError: when the file is not a notebook, or the cell holds anything but typed literals.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{notebook} must be a Jupyter notebook, but it cannot be read: {reason_of(error)}."
        ) from None
    for cell in cells:
        if TAG in cell.get("metadata", {}).get("tags", []):
            source = cell["source"]
            return parse_parameters(source if isinstance(source, str) else "".join(source), notebook.name)
    return {}


def parse_parameters(source: str, where: str) -> dict[str, Parameter]:
    """Return the parameters that the text of a cell declares; `where` names its notebook in an error.

    Raises:
        UsageError: when it holds anything but typed literals.
    """
    try:
        tree = ast.parse(source)
        helps = _comments(source)
        found = [_parameter(node, helps) for node in tree.body]
    except (SyntaxError, ValueError, tokenize.TokenError) as error:
        raise UsageError(
            f"The parameters cell of {where} must hold lines such as `epochs: int = 5  # help`, but {error}. "
            "Correct the cell."
        ) from None
    return {parameter.name: parameter for parameter in found}


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ").strip() for t in tokens if t.type == tokenize.COMMENT}


def _parameter(node: ast.stmt, helps: Mapping[int, str]) -> Parameter:
    line = ast.unparse(node)
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    value = getattr(node, "value", None)
    if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(target, ast.Name) or value is None:
        raise ValueError(f"found `{line}`")
    try:
        default = ast.literal_eval(value)
    except ValueError:
        raise ValueError(f"the value of `{line}` is computed") from None
    named = ast.unparse(node.annotation) if isinstance(node, ast.AnnAssign) else type(default).__name__
    if named not in _TYPES:
        raise ValueError(f"the type of `{line}` is not one of {', '.join(_TYPES)}")
    help_text = helps.get(node.end_lineno or node.lineno, "")
    parameter = Parameter(target.id, named, default, help_text)
    try:
        return Parameter(target.id, named, parameter.convert(default), help_text)
    except ValueError as error:
        raise ValueError(f"the default of {target.id} {error}") from None


def validate(given: Mapping[str, object], specs: Iterable[Parameter]) -> dict[str, Value]:
    """Return the given values in the types of their parameters.

    The same name may be declared by several notebooks: a value must suit them all.

    Raises:
        UsageError: when a name is unknown or a value does not fit; all problems are reported at once.
    """
    known: dict[str, list[Parameter]] = {}
    for spec in specs:
        known.setdefault(spec.name, []).append(spec)
    values: dict[str, Value] = {}
    problems = []
    for name, value in given.items():
        if name not in known:
            problems.append(_unknown(name, sorted(known)))
            continue
        try:
            for spec in known[name]:
                values[name] = spec.convert(value)
        except ValueError as error:
            problems.append(f"The parameter {name} {error}.")
    if problems:
        advice = "Nothing was run. Correct this; `kit parameters NOTEBOOK` shows what can be set."
        raise UsageError("\n".join([*problems, advice]))
    return values


def command_words(values: Mapping[str, object]) -> list[str]:
    """Return values as words of `kit run`, after a =, since a value such as -abc would be taken for an option."""
    return [
        word
        for name, value in values.items()
        for word in ("-p", f"{name}={str(value).lower() if isinstance(value, bool) else value}")
    ]


def _unknown(name: str, known: list[str]) -> str:
    listed = f"The parameters are {', '.join(known)}." if known else "These notebooks have no parameters."
    return f"There is no parameter {name!r}.{did_you_mean(name, known)} {listed}"
