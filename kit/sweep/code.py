"""The digest of the code that runs a point: points that different code has run must not be compared."""

from __future__ import annotations

import hashlib
from functools import cache

from kit.versions import installed_packages
from kit.workspace import CHECKOUT


@cache
def code_digest() -> str:
    """Digest of the kit's Python files and of the versions of all packages."""
    digest = hashlib.sha256()
    for path in sorted((CHECKOUT / "kit").rglob("*.py")):
        digest.update(path.relative_to(CHECKOUT).as_posix().encode() + b"\0" + path.read_bytes())
    digest.update(repr(sorted(installed_packages().items())).encode())
    return digest.hexdigest()[:16]
