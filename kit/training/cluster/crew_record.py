"""The members of a local cluster in a file, for whoever follows the training from another process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from kit.workspace import write_atomically

MEMBERS = (
    "members"  # below the folder of a training: a log of each member, and while it runs a folder of its own
)
FILE = "cluster.json"
RUNNING, ENDED = "running", "ended"


@dataclass(frozen=True)
class MemberRecord:
    """One process.

    Attributes:
        name: role and number.
        address: host:port.
        pid: 0: not started yet.
        state: `running`, `done`, `failed` (it raised), `lost` (it died), or `ended` by the cluster, which needs it no
            more.
        log: the file that its output goes to.
    """

    name: str
    address: str
    pid: int
    state: str
    log: str


@dataclass(frozen=True)
class CrewRecord:
    """The members of the current start of a cluster, and what was lost so far, in words."""

    strategy: str
    members: Sequence[MemberRecord]
    lost: Sequence[str] = ()

    def save(self, folder: Path) -> None:
        write_atomically(folder / FILE, json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> CrewRecord | None:
        """Return what was written into a folder; None: nothing yet."""
        try:
            facts = json.loads((folder / FILE).read_text())
            members = tuple(MemberRecord(**member) for member in facts["members"])
            return cls(facts["strategy"], members, tuple(facts["lost"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None
