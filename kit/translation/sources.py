"""Extract the texts of the kit's errors from its source: exactly what a message catalogue must contain.

An error is raised with its text, mostly an f-string. Here that becomes a template, such as `{0} must be a folder, but
it is a file.`, by reading the program, not by running it; so a raise needs nothing extra for its message to be
translated. Parts of messages are templates as well: `or "none"` in a value, what a function of the kit returns to it or
is called with, and what checks have found and advise. `view_texts` has the other texts.

ServingError is left out: its messages are TensorFlow Serving's own words, which clients compare.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from kit.translation.messages import SEPARATORS
from kit.translation.syntax import (
    CHOSEN,
    Function,
    assigned,
    called_name,
    chosen,
    entries,
    inside,
    local,
    parameters,
    returned,
)
from kit.translation.tfdv import TEXTS
from kit.translation.view_texts import MESSAGE, RETURNED, TOLD, fields_of, given, helps, methods, programs

_PACKAGE = Path(__file__).parents[1]
_BASE, _NOT_OURS = "KitError", frozenset({"ServingError"})
# Texts about a value, such as a field of project.yml, that become part of a message.
_INNER = frozenset({"TypeError", "ValueError"})
_CLASS = re.compile(r"^class (\w+)\(([^)]*)\)", re.MULTILINE)
_SAY = frozenset({"in_language", "label", "parts_in_language", "written"})  # take other texts of that kind
_WORD = re.compile(r"[A-Za-z]{2,}")
_SAME = frozenset({"capitalize", "rstrip", "strip"})  # methods that do not change the words of a text

_Parts = tuple[str | None, ...]  # texts, and None in place of a value
_VALUE: _Parts = (None,)


@cache
def sources() -> Mapping[str, str]:
    """Return the template of each text that an error of the kit can have, with its place in the source."""
    files = sorted(_PACKAGE.rglob("*.py"))
    modules = {_name(path): _Module(path, path.read_text(encoding="utf-8")) for path in files}
    reader = _Reader(modules)
    errors = _errors(modules.values())
    told = fields_of(
        one.tree for one in modules.values() if any(f"class {name}" in one.text for name in TOLD)
    )
    notebooks = (_Module(path, text) for path, text in programs().items())
    for module in (*modules.values(), *notebooks):
        for expression, function in module.said(errors, told):
            reader.read(expression, _Scope(module, function))
    separators = dict.fromkeys(SEPARATORS, "kit/translation/messages.py")
    others = dict.fromkeys(TEXTS, "kit/translation/tfdv.py")
    told_of_parameters = {_template((text,)): place for text, place in helps().items()}
    return {**separators, **others, **told_of_parameters, **reader.found}


class _Module:
    """What a module defines, by name; read lazily. The code of a notebook is a module, too."""

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text = path, text

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def functions(self) -> dict[str, Function]:
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, Function)}

    @cached_property
    def calls(self) -> dict[str, list[tuple[ast.Call, Function | None]]]:
        """The calls by what is called, with the function around each."""
        found: dict[str, list[tuple[ast.Call, Function | None]]] = {}
        for node, function in inside(self.tree):
            if isinstance(node, ast.Call):
                found.setdefault(called_name(node), []).append((node, function))
        return found

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        return dict(assigned(self.tree.body))

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
    ) -> Iterator[tuple[ast.expr, Function | None]]:
        """Yield what errors and told texts are made with, or return as their text, with the function around it."""
        say = {*_SAY, "say"} if self.path.suffix == ".ipynb" else _SAY
        recorded = {one.rpartition(".")[2] for one in RETURNED if one.startswith(f"{_name(self.path)}.")}
        saying = {*errors, *say}
        known = {*saying, *told, *recorded, MESSAGE}
        if CHOSEN not in self.text and not any(
            f"{name}(" in self.text or f"{name})(" in self.text for name in known
        ):
            return  # most modules need not be parsed
        for node, function in inside(self.tree):
            if isinstance(node, ast.FunctionDef) and node.name in recorded:
                yield from ((value, node) for value in returned(node))
            elif isinstance(node, ast.Call) and (name := called_name(node)) in {*saying, *chosen(function)}:
                yield from ((argument, function) for argument in node.args)
            elif isinstance(node, ast.Call) and name in told:
                yield from ((one, function) for one in given(node, name, told[name]))
            elif isinstance(node, ast.ClassDef) and node.name in errors:
                texts = (one for one in node.body if isinstance(one, Function) and one.name == "__str__")
                yield from ((value, text) for text in texts for value in returned(text))
            elif isinstance(node, ast.ClassDef):
                yield from ((value, text) for text in methods(node) for value in returned(text))


@dataclass(frozen=True)
class _Scope:
    """Where a name is looked up."""

    module: _Module
    function: Function | None

    def values(self, name: str) -> list[ast.expr]:
        """What a name can stand for in the function, or else in the module."""
        known = self.module.constants.get(name)
        return local(self.function).get(name) or ([known] if known is not None else [])

    def arguments(self, name: str) -> Iterator[tuple[ast.expr, _Scope]]:
        """Give what the module calls the function with for one of its parameters."""
        names = parameters(self.function) if self.function is not None else []
        if self.function is None or name not in names:
            return
        for call, caller in self.module.calls.get(self.function.name, ()):
            scope = _Scope(self.module, caller)
            yield from (
                (one, scope) for given_for, one in zip(names, call.args, strict=False) if given_for == name
            )
            yield from ((one.value, scope) for one in call.keywords if one.arg == name)


class _Reader:
    """Reads expressions as templates, and keeps those that have words."""

    def __init__(self, modules: Mapping[str, _Module]) -> None:
        self.found: dict[str, str] = {}
        self._modules = modules
        self._open: set[ast.expr] = set()

    def read(self, expression: ast.expr, scope: _Scope) -> None:
        """Keep the texts that an expression can have."""
        for parts in self._parts(expression, scope):
            template = _template(parts)
            if _WORD.search("".join(filter(None, parts))):
                place = f"{scope.module.path.relative_to(_PACKAGE.parent)}:{expression.lineno}"
                self.found.setdefault(template, place)

    def _parts(self, node: ast.expr, scope: _Scope) -> list[_Parts]:
        """Return the templates that an expression can have as a text; unknown parts are values."""
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
        """Yield the expressions that one takes its text from."""
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
            yield from scope.arguments(node.id)
        elif isinstance(node, ast.Call):
            yield from self._called(node, scope)

    def _taken(self, node: ast.Subscript, scope: _Scope) -> Iterator[tuple[ast.expr, _Scope]]:
        """Yield what can be taken out of a name or a function's result, at an index if that is literal."""
        if isinstance(node.value, ast.Call):
            known = list(self._called(node.value, scope))
        else:
            known = [(one, scope) for one in self._named(node.value, scope)]
        for one, where in known:
            yield from ((entry, where) for entry in entries(one, node.slice))

    def _named(self, node: ast.expr, scope: _Scope) -> list[ast.expr]:
        if not isinstance(node, ast.Name):
            return [node]
        where, original = scope.module.imported.get(node.id, ("", ""))
        far = self._modules[where].constants.get(original) if where in self._modules else None
        return scope.values(node.id) or ([far] if far is not None else [])

    def _called(self, node: ast.Call, scope: _Scope) -> Iterator[tuple[ast.expr, _Scope]]:
        """Yield what a call returns: joined texts, a stripped text, or a function's result."""
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "join":
                for argument in node.args:
                    self.read(argument, scope)  # each by itself: a joined text is not a template
                return
            if node.func.attr in _SAME:
                yield node.func.value, scope
                return
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id in {"self", "cls"}):
                yield from self._of_another(node.func, scope)
                return
        if called_name(node) == "filter":
            yield node.args[1], scope  # some of these
        module, function = self._function(called_name(node), scope.module)
        if function is not None:
            yield from ((one, _Scope(module, function)) for one in returned(function))

    def _of_another(self, called: ast.Attribute, scope: _Scope) -> Iterator[tuple[ast.expr, _Scope]]:
        """Yield what a function of an imported module returns, or a method of an instance of an imported class."""
        made = [one for one in self._named(called.value, scope) if isinstance(one, ast.Call)]
        for name in (getattr(called.value, "id", ""), *map(called_name, made)):
            where, original = scope.module.imported.get(name, ("", ""))
            other = self._modules.get(f"{where}.{original}") or self._modules.get(where)
            if other is not None and (function := other.functions.get(called.attr)):
                yield from ((one, _Scope(other, function)) for one in returned(function))

    def _function(self, name: str, module: _Module) -> tuple[_Module, Function | None]:
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


def _joined(left: _Parts, right: _Parts) -> _Parts:
    if left[-1:] != _VALUE and right[:1] != _VALUE and left and right:
        return (*left[:-1], f"{left[-1]}{right[0]}", *right[1:])
    return (*left, *right)


def _template(parts: _Parts) -> str:
    """Return the text with numbered places; its own braces are doubled, as `str.format` wants."""
    numbers = iter(range(len(parts)))
    return "".join(
        f"{{{next(numbers)}}}" if part is None else part.replace("{", "{{").replace("}", "}}")
        for part in parts
    )
