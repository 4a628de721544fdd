"""Trace texts through Python's syntax trees: names, their assignments, and what functions return."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache

Function = ast.FunctionDef | ast.AsyncFunctionDef
CHOSEN = "type[KitError]"
"""The annotation of a parameter with which a caller chooses the class of an error."""
_ADDING = frozenset({"append", "extend", "insert"})


def inside(tree: ast.Module) -> Iterator[tuple[ast.AST, Function | None]]:
    """Yield each node with the function that it is in."""
    left: list[tuple[ast.AST, Function | None]] = [(tree, None)]
    while left:
        node, function = left.pop()
        yield node, function
        around = node if isinstance(node, Function) else function
        left += [(child, around) for child in ast.iter_child_nodes(node)]


def called_name(node: ast.Call) -> str:
    """Return the name of what is called, without what it is an attribute of; the first of two errors."""
    called = node.func.body if isinstance(node.func, ast.IfExp) else node.func
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


@cache
def local(function: Function | None) -> dict[str, list[ast.expr]]:
    """Return what is assigned to each name of a function, and appended to it."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function) if function is not None else ():
        for name, value in assigned([node]):
            found.setdefault(name, []).append(value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ADDING:
            found.setdefault(getattr(node.func.value, "id", ""), []).extend(node.args)
    return found


def assigned(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
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


def parameters(function: Function) -> list[str]:
    """Return the names of a function's positional parameters, then the keyword-only ones."""
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    own = names[1:] if names[:1] in (["self"], ["cls"]) else names
    return [*own, *(one.arg for one in function.args.kwonlyargs)]


@cache
def chosen(function: Function | None) -> frozenset[str]:
    """Return the names of a function's parameters for which the caller chooses the class of an error."""
    given_for = [node for node in ast.walk(function.args) if isinstance(node, ast.arg)] if function else []
    return frozenset(one.arg for one in given_for if one.annotation and ast.unparse(one.annotation) == CHOSEN)


def returned(function: Function) -> list[ast.expr]:
    """Return what a function returns, or yields."""
    return [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Return | ast.Yield) and node.value is not None
    ]


def entries(node: ast.expr, place: ast.expr) -> list[ast.expr]:
    """Return the entries of a literal mapping or sequence."""
    if isinstance(node, ast.Dict):
        return node.values
    entries = node.elts if isinstance(node, ast.List | ast.Tuple) else []
    at = place.value if isinstance(place, ast.Constant) else None
    return entries[at : at + 1] if isinstance(at, int) and at >= 0 else entries
