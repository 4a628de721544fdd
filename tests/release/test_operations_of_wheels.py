"""The table of operations is made of what wheels say."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from kit.errors import UsageError
from kit.release.operations_of_wheels import known_from, read_wheel

FUNCTION = """
def {name}(x, name=None):
  _, _, _op, _outputs = _op_def_library._apply_op_helper(
        "{operation}", x=x, name=name)
  _result = _outputs[:]
  if _execute.must_record_gradient():
    _attrs = ({attributes})
    _execute.record_gradient(
        "{operation}", _op.inputs, _attrs, _result)
  return _result

def {name}_eager_fallback(x, name, ctx):
  _attrs = ("not_this", _op.x)
"""


def wheel(folder: Path, release: str, graph_format: int, **operations: list[str]) -> Path:
    path = folder / f"tensorflow_cpu-{release}-cp311-cp311-manylinux_2_17_x86_64.whl"
    source = "".join(
        FUNCTION.format(
            name=name.lower(),
            operation=name,
            attributes=", ".join(f'"{one}", _op._get_attr_type("{one}")' for one in attributes),
        )
        for name, attributes in operations.items()
    )
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("tensorflow/python/ops/gen_math_ops.py", source)
        file.writestr("tensorflow/python/ops/math_ops.py", '_apply_op_helper("NotGenerated")')
        file.writestr(
            "tensorflow/include/tensorflow/core/public/version.h",
            f"#define TF_GRAPH_DEF_VERSION {graph_format}  // Updated",
        )
    return path


def test_operations_and_attributes_are_as_old_as_the_first_wheel_with_them(tmp_path: Path) -> None:
    wheels = [
        wheel(tmp_path, "2.10.0", 30, MatMul=["T", "grad"], Conv=["T"], New=["T", "late"]),
        wheel(tmp_path, "2.8.1", 10, MatMul=["T"], Conv=["T"]),
        wheel(tmp_path, "2.9.0", 20, MatMul=["T", "grad"], Conv=["T"], New=["T"]),
    ]
    known = known_from(read_wheel(path) for path in wheels)
    assert known.graph_format == {(2, 8): 10, (2, 9): 20, (2, 10): 30}
    assert known.since == {"MatMul": (2, 8), "Conv": (2, 8), "New": (2, 9)}
    assert known.attribute_since == {"MatMul.grad": (2, 9), "New.late": (2, 10)}
    assert (known.oldest, known.newest) == ((2, 8), (2, 10))


def test_what_is_no_wheel_is_told(tmp_path: Path) -> None:
    other = tmp_path / "tensorflow_cpu-2.8.1-cp311.whl"
    other.write_text("no zip")
    for path in (other, wheel(tmp_path, "2.8.1", 1).rename(tmp_path / "numpy-2.whl")):
        with pytest.raises(UsageError, match="must be a wheel named tensorflow"):
            read_wheel(path)
