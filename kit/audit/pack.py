"""Make the audit pack of a pushed version."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from kit.audit.collect import collect
from kit.audit.keys import signing_key
from kit.audit.seal import sealed
from kit.audit.verify import fingerprint
from kit.workspace import Workspace, write_atomically


@dataclass(frozen=True)
class Packed:
    """A pack that was written.

    Attributes:
        path: the path of the file.
        members: how many it has, without the seal and the manifest.
        size: the size of the file in bytes.
        public_key: the key of the signer, in hexadecimal.
        fingerprint: the fingerprint of that key.
        missing: what should be in it but is not, a sentence each; also in its missing.json.
    """

    path: Path
    members: int
    size: int
    public_key: str
    fingerprint: str
    missing: tuple[str, ...]

    @property
    def message(self) -> str:
        lines = [
            f"{self.path} has {self.members} members, {self.size:,} bytes.",
            f"Signed with {self.fingerprint}",
            f"public key {self.public_key}",
            f"Whoever gets it: kit audit verify {shlex.quote(self.path.name)} --public-key {self.public_key}",
        ]
        return "\n".join([*lines, *(f"Missing: {one}" for one in self.missing)])


def pack(workspace: Workspace, version: str, out: Path | None = None, key: Path | None = None) -> Packed:
    """Write the audit pack of a pushed version; the same state of the workspace gives the same bytes.

    Args:
        workspace: the workspace that it was made in.
        version: its number, or `project/number` where several projects have it.
        out: the file; None: `audit/<project>-<version>.zip` in the workspace.
        key: PEM file with the ed25519 key that signs; None: that of the workspace.

    Raises:
        AuditKeyError: when the key cannot be used.
        PackError: when it is not a pushed version.
        SubjectError: when nothing has that name, or several things do.
    """
    collected = collect(workspace, version)
    # The workspace is written to only now that there is something to sign.
    private = signing_key(Workspace(workspace.path) if key is None else workspace, key)
    push = collected.push
    facts = {"project": push.project, "version": str(push.version), "gates": push.gates or "not known"}
    data = sealed(facts, collected.members, private)
    path = out or workspace.path / "audit" / f"{push.project}-{push.version}.zip"
    write_atomically(path, data)
    public = private.public_key().public_bytes_raw()
    missing = tuple(collected.missing)
    return Packed(path, len(collected.members), len(data), public.hex(), fingerprint(public), missing)
