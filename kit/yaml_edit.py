"""Set one value in a hand-written YAML file and leave every other byte, comments included, as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from kit.strict_yaml import in_one_line

_INDENT = 2


def with_value(text: str, path: Sequence[str], value: Any) -> str:
    """Return the text with a value at a path of keys; what lies on the way and is not there yet is added.

    Args:
        text: the text of a YAML file whose root is a mapping.
        path: keys from the root on, such as `("checks", "drift", "default")`.
        value: a scalar, or a mapping where nothing is yet.

    Raises:
        ValueError: when what is not a mapping stands on the way, or a block of lines in the place of the value.
    """
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, key in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            raise ValueError(f"{'.'.join(path[:depth]) or 'the file'} is not a mapping")  # noqa: TRY004  of the text
        child = next((held for name, held in node.value if name.value == key), None)
        if child is None:
            return _inserted(text, node, key, _nested(path[depth + 1 :], value), at_end=depth == 0)
        node = child
    if node is None or (isinstance(node, yaml.CollectionNode) and not node.flow_style):
        raise ValueError(f"{'.'.join(path)} is a block of lines")
    return text[: node.start_mark.index] + in_one_line(value) + text[node.end_mark.index :]


def _inserted(text: str, node: yaml.MappingNode, key: str, value: Any, *, at_end: bool) -> str:
    if node.flow_style:
        place = node.start_mark.index + 1
        return f"{text[:place]}{in_one_line({key: value})[1:-1]}{', ' if node.value else ''}{text[place:]}"
    if at_end:
        return f"{text.rstrip()}\n\n{_block({key: value}, 0)}"
    first, _ = node.value[0]
    place = first.start_mark.index - first.start_mark.column  # the beginning of its line
    return f"{text[:place]}{_block({key: value}, first.start_mark.column)}{text[place:]}"


def _nested(path: Sequence[str], value: Any) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


def _block(value: Mapping[str, Any], indent: int) -> str:
    text = yaml.safe_dump(
        value,
        default_flow_style=False,
        allow_unicode=True,
        width=float("inf"),
        sort_keys=False,
        indent=_INDENT,
    )
    return "".join(f"{' ' * indent}{line}\n" for line in text.splitlines())
