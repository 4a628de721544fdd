"""The texts of the kit's errors, taken from its source: what a catalogue of messages must have, and nothing else.

An error is raised with the text that it says, mostly an f-string. Here that becomes a template, such as `{0} must be
a folder, but it is a file.`, by reading the program and not by running it; so nothing has to be written at a raise for
a message to be translated. A text that a message is put together with is a template as well: `or "none"` in a value of
it, what a function of the kit returns to it, and what checks have found and advise. `told` has the other texts.

ServingError is left out: its messages are TensorFlow Serving's own words, which clients compare.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from kit.translation.told import TOLD, fields_of, given, helps, methods

_PACKAGE = Path(__file__).parents[1]
_BASE, _NOT_OURS = "KitError", frozenset({"ServingError"})
# What is told of a value, such as a field of project.yml, and becomes a part of a message.
_INNER = frozenset({"TypeError", "ValueError"})
_CLASS = re.compile(r"^class (\w+)\(([^)]*)\)", re.MULTILINE)
_SAY = frozenset({"in_language", "parts_in_language"})  # are given the other texts of the kit that are translated
_WORD = re.compile(r"[A-Za-z]{2,}")
_SAME = frozenset({"capitalize", "rstrip", "strip"})  # methods that leave the words of a text as they are
_ADDING = frozenset({"append", "extend", "insert"})

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Parts = tuple[str | None, ...]  # texts, and None where a value stands
_VALUE: _Parts = (None,)


@cache
def sources() -> Mapping[str, str]:
    """Return the template of each text that an error of the kit can say, with the place where it stands."""
    modules = {_name(path): _Module(path) for path in sorted(_PACKAGE.rglob("*.py"))}
    reader = _Reader(modules)
    errors = _errors(modules.values())
    told = fields_of(one.tree for one in modules.values() if any(f"class {name}" in one.text for name in TOLD))
    for module in modules.values():
        for expression, function in module.said(errors, told):
            reader.read(expression, _Scope(module, function))
    return {**{_template((text,)): place for text, place in helps().items()}, **reader.found}


class _Module:
    """What a module defines, by name; read only when something asks for it."""

    def __init__(self, path: Path) -> None:
        self.path, self.text = path, path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def functions(self) -> dict[str, _Function]:
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, _Function)}

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        return dict(_assigned(self.tree.body))

    @cached_property
    def imported(self) -> dict[str, tuple[str, str]]:
        """The module and the name there of each name that is imported."""
        return {
            one.asname or one.name: (node.module or "", one.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for one in node.names
        }

    def said(
        self, errors: set[str], told: Mapping[str, list[str]]
    ) -> Iterator[tuple[ast.expr, _Function | None]]:
        """Give what errors and what is told are made with and return as their text, with the function around it."""
        if not any(f"{name}(" in self.text or f"{name})(" in self.text for name in {*errors, *told, *_SAY}):
            return  # most modules need not be parsed
        for node, function in _inside(self.tree):
            if isinstance(node, ast.Call) and (name := _called_name(node)) in {*errors, *_SAY}:
                yield from ((argument, function) for argument in node.args)
            elif isinstance(node, ast.Call) and name in told:
                yield from ((one, function) for one in given(node, name, told[name]))
            elif isinstance(node, ast.ClassDef) and node.name in errors:
                texts = (one for one in node.body if isinstance(one, _Function) and one.name == "__str__")
                yield from ((value, text) for text in texts for value in _returned(text))
            elif isinstance(node, ast.ClassDef):
                yield from ((value, text) for text in methods(node) for value in _returned(text))


@dataclass(frozen=True)
class _Scope:
    """Where a name is looked up."""

    module: _Module
    function: _Function | None

    def values(self, name: str) -> list[ast.expr]:
        """What a name can stand for in the function, or else in the module."""
        known = self.module.constants.get(name)
        return _local(self.function).get(name) or ([known] if known is not None else [])


class _Reader:
    """Reads expressions as templates, and keeps those that have words."""

    def __init__(self, modules: Mapping[str, _Module]) -> None:
        self.found: dict[str, str] = {}
        self._modules = modules
        self._open: set[ast.expr] = set()

    def read(self, expression: ast.expr, scope: _Scope) -> None:
        """Keep what an expression can say."""
        for parts in self._parts(expression, scope):
            template = _template(parts)
            if _WORD.search("".join(filter(None, parts))):
                place = f"{scope.module.path.relative_to(_PACKAGE.parent)}:{expression.lineno}"
                self.found.setdefault(template, place)

    def _parts(self, node: ast.expr, scope: _Scope) -> list[_Parts]:
        """Return what an expression can be as a text; what is not known of it is a value."""
        if isinstance(node, ast.Constant):
            return [(node.value,)] if isinstance(node.value, str) else []
        if isinstance(node, ast.JoinedStr):
            return [self._formatted(node, scope)]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            lefts, rights = (self._parts(side, scope) or [_VALUE] for side in (node.left, node.right))
            return [_joined(left, right) for left in lefts for right in rights]
        if node in self._open:  # a function that calls itself
            return []
        self._open.add(node)
        try:
            return [parts for one, where in self._ways(node, scope) for parts in self._parts(one, where)]
        finally:
            self._open.discard(node)

    def _formatted(self, node: ast.JoinedStr, scope: _Scope) -> _Parts:
        parts: list[str | None] = []
        for value in node.values:
            if isinstance(value, ast.Constant):
                parts.append(str(value.value))
            elif isinstance(value, ast.FormattedValue):
                self.read(value.value, scope)
                parts.append(None)
        return tuple(parts)

    def _ways(self, node: ast.expr, scope: _Scope) -> Iterator[tuple[ast.expr, _Scope]]:
        """Give the expressions that one has its text from."""
        if isinstance(node, ast.IfExp):
            yield from ((one, scope) for one in (node.body, node.orelse))
        elif isinstance(node, ast.BoolOp):
            yield from ((one, scope) for one in node.values)
        elif isinstance(node, ast.NamedExpr | ast.Starred):
            yield node.value, scope
        elif isinstance(node, ast.List | ast.Tuple):
            yield from ((one, scope) for one in node.elts)
        elif isinstance(node, ast.ListComp | ast.GeneratorExp):
            yield node.elt, scope
        elif isinstance(node, ast.Subscript):
            yield from self._taken(node, scope)
        elif isinstance(node, ast.Name):
            yield from ((one, scope) for one in scope.values(node.id))
        elif isinstance(node, ast.Call):
            yield from self._called(node, scope)

    def _taken(self, node: ast.Subscript, scope: _Scope) -> Iterator[tuple[ast.expr, _Scope]]:
        """Give what can be taken out of a name or of what a function returns: at a place, if that is written out."""
        if isinstance(node.value, ast.Call):
            known = list(self._called(node.value, scope))
        else:
            known = [(one, scope) for one in self._named(node.value, scope)]
        for one, where in known:
            yield from ((entry, where) for entry in _entries(one, node.slice))

    def _named(self, node: ast.expr, scope: _Scope) -> list[ast.expr]:
        return scope.values(node.id) if isinstance(node, ast.Name) else [node]

    def _called(self, node: ast.Call, scope: _Scope) -> Iterator[tuple[ast.expr, _Scope]]:
        """Give what a call returns: what is joined, a text with its ends taken off, or what a function returns."""
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "join":
                for argument in node.args:
                    self.read(argument, scope)  # each by itself: what is joined is no template
                return
            if node.func.attr in _SAME:
                yield node.func.value, scope
                return
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id in {"self", "cls"}):
                return  # a method of something that is not known
        module, function = self._function(_called_name(node), scope.module)
        if function is not None:
            yield from ((one, _Scope(module, function)) for one in _returned(function))

    def _function(self, name: str, module: _Module) -> tuple[_Module, _Function | None]:
        if name in module.functions:
            return module, module.functions[name]
        where, original = module.imported.get(name, ("", ""))
        other = self._modules.get(where)
        return (other, other.functions.get(original)) if other else (module, None)


def _name(path: Path) -> str:
    return ".".join(path.relative_to(_PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def _errors(modules: Iterable[_Module]) -> set[str]:
    """Return the names of the classes that come from KitError."""
    above = {
        name: set(re.findall(r"\w+", bases)) for one in modules for name, bases in _CLASS.findall(one.text)
    }
    found = {_BASE, *_INNER}
    while more := {name for name, bases in above.items() if bases & found} - found:
        found |= more
    return found - _NOT_OURS


def _inside(tree: ast.Module) -> Iterator[tuple[ast.AST, _Function | None]]:
    """Give each node with the function that it is in."""
    left: list[tuple[ast.AST, _Function | None]] = [(tree, None)]
    while left:
        node, function = left.pop()
        yield node, function
        around = node if isinstance(node, _Function) else function
        left += [(child, around) for child in ast.iter_child_nodes(node)]


def _called_name(node: ast.Call) -> str:
    """Return the name of what is called, without what it is an attribute of; of two errors the first."""
    called = node.func.body if isinstance(node.func, ast.IfExp) else node.func
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


@cache
def _local(function: _Function | None) -> dict[str, list[ast.expr]]:
    """Return what each name of a function is assigned, and what is appended to it."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function) if function is not None else ():
        for name, value in _assigned([node]):
            found.setdefault(name, []).append(value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ADDING:
            found.setdefault(getattr(node.func.value, "id", ""), []).extend(node.args)
    return found


def _assigned(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _unpacked(target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
            yield from _unpacked(node.target, node.value)


def _unpacked(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=False):
            yield from _unpacked(one, its)
    elif isinstance(target, ast.Tuple):
        for place, one in enumerate(target.elts):
            yield from _unpacked(one, ast.Subscript(value, ast.Constant(place), ast.Load()))


def _returned(function: _Function) -> list[ast.expr]:
    return [
        node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None
    ]


def _entries(node: ast.expr, place: ast.expr) -> list[ast.expr]:
    """Return what can be taken out of a mapping or a sequence that is written out."""
    if isinstance(node, ast.Dict):
        return node.values
    entries = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    at = place.value if isinstance(place, ast.Constant) else None
    return entries[at : at + 1] if isinstance(at, int) and at >= 0 else entries


def _joined(left: _Parts, right: _Parts) -> _Parts:
    if left[-1:] != _VALUE and right[:1] != _VALUE and left and right:
        return (*left[:-1], f"{left[-1]}{right[0]}", *right[1:])
    return (*left, *right)


def _template(parts: _Parts) -> str:
    """Return the text with numbered places; a brace of its own is written twice, as `str.format` wants it."""
    numbers = iter(range(len(parts)))
    return "".join(
        f"{{{next(numbers)}}}" if part is None else part.replace("{", "{{").replace("}", "}}")
        for part in parts
    )
