"""Errors of the operating system as the kit's own: a full disk, a file or folder that cannot be used."""

from __future__ import annotations

import errno
import os
import re
import shutil

from kit.errors import KitError, StepFailedError, UsageError

_OF_SYSTEM = re.compile(r"\[Errno (?P<number>\d+)\] (?P<reason>[^:]+)")
_FULL = {errno.ENOSPC, errno.EDQUOT}
_WRONG_PLACE = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR),
    *(errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP),
}


def reason_of(error: Exception) -> str:
    """Return what went wrong, to stand after a colon: of the operating system's errors its words, not number and file.

    Args:
        error: an OSError, or another one that was caught with it.
    """
    if not isinstance(error, OSError):
        return str(error)
    cause = getattr(error, "reason", error)  # of urllib's, in which it is
    said = (cause.strerror or str(cause)) if isinstance(cause, OSError) else error.strerror or str(cause)
    return said if said[1:2].isupper() else f"{said[:1].lower()}{said[1:]}"  # RPC stays


def kit_error_of(error: OSError) -> KitError:
    """Return the kit's error for one of the operating system, which names the place and the way out."""
    error = _first_of(error)
    # For a renamed file, the requested place is the second one.
    named = error.filename2 or error.filename
    place, reason = os.fsdecode(named) if isinstance(named, str | bytes) else "", reason_of(error)
    if error.errno in _FULL:
        return StepFailedError(
            f"{place or 'The disk'} must have room for what is written, but: {reason}. Free some, and run the same "
            "command again."
        )
    if place and error.errno in _WRONG_PLACE:
        return UsageError(
            f"{place} must be a place that can be read and written, but: {reason}. Correct that or name another one, "
            "and run the same command again."
        )
    return StepFailedError(f"{error}. Correct that and run the same command again.")


def _first_of(error: OSError) -> OSError:
    """Return what stopped the first file when several could not be copied: `shutil.Error` lists all, in texts."""
    if not isinstance(error, shutil.Error) or not (failed := error.args and error.args[0]):
        return error
    _, place, why = failed[0]
    said = _OF_SYSTEM.match(str(why))
    return OSError(int(said["number"]), said["reason"], str(place)) if said else error
