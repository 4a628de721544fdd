"""Refresh requirements.lock and kit/setup/tools.lock from pyproject.toml, with the newest versions that fit.

uv's own lock file names download addresses, which differ from network to network; so it is made in a private
folder, and what is kept is its export: versions, markers and hashes.
"""

from __future__ import annotations

import shutil
import subprocess

from kit.setup.environment import PRIVATE, TOOLS_LOCK, install_tools, only_one_set_up, say, stop
from kit.setup.locked import CHECKOUT, DIGEST_LABEL, LOCK, dependency_digest, read_pyproject

HEADER = "# Made by `make lock`; for uv, and for pip with --no-deps.\n"


def main() -> None:
    with only_one_set_up():
        uv = install_tools()
    scratch = PRIVATE / "locking"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    shutil.copy(CHECKOUT / "pyproject.toml", scratch)

    def run_uv(*words: str) -> str:
        command = [str(uv), "--quiet", "--project", str(scratch), *words]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    export = ("export", "--frozen", "--format", "requirements-txt", "--no-emit-project", "--no-header")
    try:
        run_uv("lock")
        packages, tools = run_uv(*export, "--group", "dev"), run_uv(*export, "--only-group", "setup")
    except subprocess.CalledProcessError as error:
        raise stop(f"uv could not lock (exit code {error.returncode}); the reason is above") from None
    digest = f"{DIGEST_LABEL} {dependency_digest(read_pyproject())}\n"
    LOCK.write_text(HEADER + digest + packages, encoding="utf-8")
    TOOLS_LOCK.write_text(HEADER + tools, encoding="utf-8")
    shutil.rmtree(scratch)
    say("requirements.lock and kit/setup/tools.lock are refreshed; `make test` tries them")


if __name__ == "__main__":
    main()
