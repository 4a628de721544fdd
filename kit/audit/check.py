"""The check at the end of a batch: is the pushed model accounted for, from its data to its audit pack?"""

from __future__ import annotations

from collections.abc import Sequence

from kit.audit.verify import Verdict
from kit.errors import InfraCheckError
from kit.lineage.sources import SourceFile, check_sources


def check_accounted(files: Sequence[SourceFile], verdict: Verdict) -> str:
    """Return sentences when a model leads back to its data and its audit pack is whole.

    Raises:
        DataAnomalyError: when it leads back to no data.
        InfraCheckError: when the pack is not as it was signed.
    """
    if verdict.broken:
        raise InfraCheckError(
            f"{verdict.message}\nSomething writes into the folder of the packs. Pack it again."
        )
    return f"{check_sources(files)}\n{verdict.message}"
