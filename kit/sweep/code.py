"""The digest of the code that runs a point: points that different code has run must not be compared."""

from __future__ import annotations

from functools import cache

from kit.digests import of_code
from kit.versions import installed_packages
from kit.workspace import CHECKOUT


@cache
def code_digest() -> str:
    """Digest of the kit's Python files and of the versions of all packages."""
    files = ((path, CHECKOUT) for path in sorted((CHECKOUT / "kit").rglob("*.py")))
    return of_code(files, repr(sorted(installed_packages().items())).encode())[:16]
