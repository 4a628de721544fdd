"""Keep off the terminal what TensorFlow's libraries print about the machine while they are imported."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from kit.errors import KitError


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what is written to standard error inside the block; show it when the block fails.

    A KitError or Ctrl-C shows nothing of it: nobody would find the kit's own words below pages of a library's remarks.

    The lines come from C++ before its log is set up, so no setting stops them: the file descriptor has to be
    redirected. Only for imports: whatever a person must read is written outside the block.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception as error:
            if not isinstance(error, KitError):
                sys.stderr.flush()
                os.dup2(kept, 2)
                held.seek(0)
                os.write(2, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
