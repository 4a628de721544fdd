"""YAML that people write: read strictly, and a value for it in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kit.errors import KitError
from kit.os_errors import reason_of

LONGEST_KEY = 1_000  # YAML reads keys of 1,024 letters, with their quotes, in one line with their values
_LINE_BREAK = re.compile("[\r\n\x85\u2028\u2029]")


class StrictLoader(yaml.SafeLoader):
    """YAML lets a later duplicate win silently; a column or gate written twice is a mistake.

    What PyYAML's constructors raise for an invalid value, such as the date 2020-13-01, gets its line.
    """

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, TypeError) as error:
            raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} is there twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


@dataclass(frozen=True)
class YamlFile:
    """The content of a YAML file, and the text that it was read from."""

    content: Any
    text: str

    def line_of(self, place: Sequence[Any]) -> int:
        """Return the line of the deepest part of a place, keys and numbers from the root on, that is in the file."""
        node, line = yaml.compose(self.text, Loader=yaml.SafeLoader), 1
        for part in place:
            children = []
            if isinstance(node, yaml.MappingNode):
                children = [(key, value) for key, value in node.value if key.value == str(part)]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                children = [(node.value[part], node.value[part])]
            if not children:
                break
            key, node = children[0]
            line = key.start_mark.line + 1
        return line


def read_yaml(path: Path, error: type[KitError]) -> YamlFile:
    """Read a YAML file in which no key may be there twice.

    Raises:
        KitError: of the class that is given, when the file cannot be read or is not such YAML; it names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        return YamlFile(yaml.load(text, Loader=StrictLoader), text)  # noqa: S506  it is a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as cause:
        raise error(
            f"{path} must be a YAML file, but it cannot be read: {reason_of(cause)}. Correct it there."
        ) from None


class _OneLineDumper(yaml.SafeDumper):
    """PyYAML writes a long key as `? key : value`, which only flow mappings may hold, and line breaks as they are."""

    def check_simple_key(self) -> bool:
        return isinstance(self.event, yaml.ScalarEvent) or bool(super().check_simple_key())

    def represent_text(self, text: str) -> yaml.Node:
        quote = '"' if _LINE_BREAK.search(text) else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=quote)


_OneLineDumper.add_representer(str, _OneLineDumper.represent_text)


def in_one_line(value: Any) -> str:
    """Return a value as YAML writes it within a line: `{metric: auc, min: 0.7}`.

    Without its braces a mapping of one key is a line of a block mapping, if the key is not longer than `LONGEST_KEY`.
    """
    text: str = yaml.dump(
        value,
        Dumper=_OneLineDumper,
        default_flow_style=True,
        allow_unicode=True,
        width=float("inf"),
        sort_keys=False,
    )
    return text.removesuffix("...\n").strip()  # a document that is a single scalar ends with dots
