"""Writes part of a graph as a function, from proto to proto.

`tf.function` would trace the part operation by operation, in ten times the time and with Python's lock; requests to the
version that serves meanwhile would wait. Variables and tables stay where they are; the function gets their handles.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from tensorflow.core.framework import function_pb2, op_def_pb2, types_pb2
from tensorflow.python.framework import op_def_registry

_COLOCATED = "_class"  # beside an operation that the function may not have
_CONTROL = "^"


class Part(NamedTuple):
    """A part of a graph.

    Attributes:
        function: FunctionDef.
        handles: names of the tensors that it is called with after the arguments: handles of variables and tables.
    """

    function: Any
    handles: tuple[str, ...]


class Operations:
    """The operations of a graph, to be written as functions."""

    def __init__(self, graph_def: Any) -> None:
        """Index a GraphDef, with the functions that its operations use as types."""
        self._graph_def = graph_def
        self._nodes = {node.name: node for node in graph_def.node}
        self._functions = {each.signature.name: each.signature for each in graph_def.library.function}

    def add(self, nodes: Sequence[Any], function: Any = None) -> None:
        """Add operations (NodeDef) and a function (FunctionDef) to the GraphDef."""
        self._graph_def.node.extend(nodes)
        self._nodes.update({node.name: node for node in nodes})
        if function is not None:
            self._graph_def.library.function.append(function)
            self._functions[function.signature.name] = function.signature

    def node(self, tensor: str) -> Any:
        """Return the operation (NodeDef) that gives a tensor."""
        return self._nodes[tensor.partition(":")[0]]

    def unused(self, name: str) -> str:
        """Return a name with a number that nothing in the graph begins with."""
        taken = [*self._nodes, *self._functions]
        return next(
            found
            for found in (f"{name}_{number}" for number in count())
            if not any(each.startswith(found) for each in taken)
        )

    def dtype(self, tensor: str) -> int:
        """Return the number of a tensor's dtype.

        Raises:
            ValueError: when there is no such tensor.
        """
        node = self._nodes.get(tensor.partition(":")[0])
        found = {each.tensor: each.dtype for each in self._results(node)} if node else {}
        if tensor not in found:
            raise ValueError(f"The graph has no tensor {tensor}.")
        return found[tensor]

    def part(
        self,
        name: str,
        arguments: Mapping[str, int],
        outputs: Mapping[str, int],
        instead: Mapping[str, str] | None = None,
        more: Sequence[Any] = (),
    ) -> Part:
        """Return what computes tensors from others, as a function.

        Args:
            name: the function's.
            arguments: names of the tensors that it is given, with the numbers of their dtypes.
            outputs: names of the tensors that it returns, with the numbers of their dtypes.
            instead: names of tensors to take in the place of others.
            more: operations (NodeDef) that the function has and the graph has not.

        Raises:
            ValueError: when an operation cannot be moved, or is missing.
        """
        instead = instead or {}
        nodes = {**self._nodes, **{node.name: node for node in more}}
        found, handles = self._between(
            [instead.get(each, each) for each in outputs], arguments, instead, nodes
        )
        dtypes = {**arguments, **dict.fromkeys(handles, types_pb2.DT_RESOURCE)}
        known = {tensor: f"argument_{place}" for place, tensor in enumerate(dtypes)}
        function = function_pb2.FunctionDef()
        signature = function.signature
        signature.name = name
        signature.is_stateful = any(self._type_of(node).is_stateful for node in found.values())
        for tensor, dtype in dtypes.items():
            signature.input_arg.add(name=known[tensor], type=dtype)
        for node in found.values():
            known.update({each.tensor: each.in_function for each in self._results(node)})
        for node in found.values():
            function.node_def.append(_renamed(node, known, instead, found))
        for place, (tensor, dtype) in enumerate(outputs.items()):
            signature.output_arg.add(name=f"output_{place}", type=dtype)
            function.ret[f"output_{place}"] = known[instead.get(tensor, tensor)]
        return Part(function, tuple(handles))

    def _between(
        self,
        outputs: Sequence[str],
        arguments: Collection[str],
        instead: Mapping[str, str],
        nodes: Mapping[str, Any],
    ) -> tuple[dict[str, Any], list[str]]:
        """Return the operations that compute tensors from the arguments, by name, and the handles that they take."""
        found: dict[str, Any] = {}
        handles: list[str] = []
        waiting = [*outputs]
        while waiting:
            tensor = waiting.pop()
            operation = tensor.partition(":")[0]
            if tensor in arguments or tensor in handles or operation in found:
                continue
            if operation not in nodes:
                raise ValueError(f"The graph has no operation {operation}.")
            node = nodes[operation]
            if self._is_handle(node):
                handles.append(tensor)
            else:
                self._check_movable(node)
                found[operation] = node
                waiting += [instead.get(each, each) for each in _inputs(node)]
        return found, handles

    def _type_of(self, node: Any) -> Any:
        """Return the OpDef of an operation."""
        found = op_def_registry.get(node.op) or self._functions.get(node.op)
        if found is None:
            raise ValueError(f"Nothing is known of {node.op}, which is what {node.name} does.")
        return found

    def _is_handle(self, node: Any) -> bool:
        """Tell whether an operation gives the handle of a variable or a table."""
        outputs = self._type_of(node).output_arg
        return not node.input and any(each.type == types_pb2.DT_RESOURCE for each in outputs)

    def _check_movable(self, node: Any) -> None:
        """Refuse an operation that holds state itself: in a function it would have another state."""
        if any(each.is_ref for each in self._type_of(node).output_arg):
            raise ValueError(f"{node.op} {node.name} holds its value by itself, as in TensorFlow 1.")

    def _results(self, node: Any) -> Iterator[_Result]:
        place, op_type = 0, self._type_of(node)
        for argument in op_type.output_arg:
            for number, dtype in enumerate(_dtypes(argument, node, op_type)):
                yield _Result(f"{node.name}:{place}", f"{node.name}:{argument.name}:{number}", dtype)
                place += 1


class _Result(NamedTuple):
    """An output of an operation.

    Attributes:
        tensor: its name in a graph.
        in_function: its name in a function.
        dtype: number of its dtype.
    """

    tensor: str
    in_function: str
    dtype: int


def _dtypes(argument: op_def_pb2.OpDef.ArgDef, node: Any, op_type: op_def_pb2.OpDef) -> Sequence[int]:
    """Return the dtypes of what an operation gives for an output of its type: one, or a list."""
    if argument.type_list_attr:
        return list(_attribute(node, op_type, argument.type_list_attr).list.type)
    dtype = argument.type or _attribute(node, op_type, argument.type_attr).type
    return [dtype] * (_attribute(node, op_type, argument.number_attr).i if argument.number_attr else 1)


def _attribute(node: Any, op_type: op_def_pb2.OpDef, name: str) -> Any:
    """Return an AttrValue; a SavedModel leaves out those that have their default."""
    if name in node.attr:
        return node.attr[name]
    return next(each.default_value for each in op_type.attr if each.name == name)


def _inputs(node: Any) -> Iterator[str]:
    """Yield the inputs of an operation; a control input too, as its operation's first output."""
    for each in node.input:
        yield _full(each.removeprefix(_CONTROL))


def _full(tensor: str) -> str:
    return tensor if ":" in tensor else f"{tensor}:0"


def _renamed(
    node: Any, known: Mapping[str, str], instead: Mapping[str, str], found: Mapping[str, Any]
) -> Any:
    """Return an operation with the names of its inputs as they are in the function."""
    moved = type(node)()
    moved.CopyFrom(node)
    moved.attr.pop(_COLOCATED, None)
    del moved.input[:]
    for each in node.input:
        if not each.startswith(_CONTROL):
            tensor = _full(each)
            moved.input.append(known[instead.get(tensor, tensor)])
        elif each.removeprefix(_CONTROL) in found:  # what is given is there already
            moved.input.append(each)
    return moved
