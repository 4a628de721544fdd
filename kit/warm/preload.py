"""What the warm process imports, and the check that none of it has started TensorFlow."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import time
from collections.abc import Callable

from kit.warm import log

MODULES = (
    "numpy",
    "pandas",
    "pyarrow.csv",
    "pyarrow.parquet",
    "IPython.core.interactiveshell",
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "tornado.platform.asyncio",
    "tensorflow",
    "tf_keras",
    "apache_beam.runners.portability.fn_api_runner.fn_runner",
    "tensorflow_data_validation",
    "tensorflow_transform.keras_lib",
    "tensorflow_transform.beam",
    "tensorflow_model_analysis",
    "tfx.components",
    "tfx.components.schema_gen.import_schema_gen.component",
    "tfx.orchestration.experimental.interactive.interactive_context",
    "tfx.orchestration.portable.launcher",
    "setuptools",  # this and the next: TFX looks for them as it makes an artifact
    "tfx.extensions",
    "anywidget",
    "pydantic.main",
    "tensorboard.backend.event_processing.event_accumulator",
    "filelock",
)


def chosen_modules() -> tuple[str, ...]:
    """Return the modules to import: those of KIT_WARM_MODULES, separated by commas, or else `MODULES`."""
    chosen = os.environ.get("KIT_WARM_MODULES", "")
    return tuple(name.strip() for name in chosen.split(",") if name.strip()) or MODULES


def import_all(modules: tuple[str, ...], progress: Callable[[str], None]) -> dict[str, float]:
    """Import the modules and freeze what they made, so that children share its memory for longer.

    A module that cannot be imported is left out, and the log says so: children meet the error where they
    import it themselves.

    Returns:
        The seconds that each took; shared dependencies count for the first that needs them.
    """
    seconds = {}
    gc.disable()  # nothing that an import makes is garbage: saves a tenth of the time
    for number, name in enumerate(modules, start=1):
        progress(f"warming up: importing {name} ({number} of {len(modules)})")
        start = time.perf_counter()
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001  whatever a library raises, children can do without its head start
            log.write_exception()
        seconds[name] = round(time.perf_counter() - start, 2)
    gc.freeze()
    return seconds


def tensorflow_has_run() -> bool:
    """Return whether a TensorFlow op has run in this process, after which its forks would hang.

    The first op, of whatever kind, initializes the eager context and with it TensorFlow's threads.
    """
    context = sys.modules.get("tensorflow.python.eager.context")
    current = getattr(context, "_context", None)
    return bool(getattr(current, "_initialized", False))
