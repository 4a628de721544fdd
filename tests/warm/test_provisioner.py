from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import KernelManager
from processes import wait_until_ended
from waiting import wait_until

from kit import warm
from kit.warm.client import WarmProcess
from kit.warm.provisioner import WarmProvisioner
from kit.warm.starting import StartingProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_client.blocking.client import BlockingKernelClient


class Kernel:
    """A kernel with a client, and what the tests ask of them."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager, self.client = manager, client

    @property
    def process(self) -> Any:
        provisioner = self.manager.provisioner
        assert isinstance(provisioner, WarmProvisioner)
        return provisioner.process

    def run(self, code: str) -> str:
        """Return what the code prints, or the name of its error."""
        texts: list[str] = []
        self.client.execute_interactive(
            code,
            timeout=60,
            stop_on_error=False,  # or the kernel may drop what comes right after an error
            output_hook=lambda message: texts.append(
                message["content"].get("text", "") or message["content"].get("ename", "")
            ),
        )
        return "".join(texts).strip()


@pytest.fixture
def start(kernelspecs: None, light: dict[str, str]) -> Iterator[Callable[..., Kernel]]:  # noqa: ARG001
    """Return a function that starts a kernel and waits until it is ready."""
    kernels: list[Kernel] = []

    def launch(environ: dict[str, str] | None = None, **arguments: Any) -> Kernel:
        manager = KernelManager(kernel_name="kit")
        manager.start_kernel(env={**(environ or light)}, **arguments)
        client = manager.client()
        client.start_channels()
        kernels.append(Kernel(manager, client))
        client.wait_for_ready(timeout=120)
        return kernels[-1]

    yield launch
    for kernel in kernels:
        kernel.client.stop_channels()
        kernel.manager.shutdown_kernel(now=True)


def test_forks_a_kernel_that_executes(start: Callable[..., Kernel]) -> None:
    kernel = start()
    assert isinstance(kernel.process, WarmProcess)
    assert kernel.run("import os; print(os.getpid())") == str(kernel.process.pid)


def test_a_kernel_that_was_started_listens(start: Callable[..., Kernel]) -> None:
    manager = start().manager
    manager.restart_kernel(now=True)
    for port in (manager.shell_port, manager.control_port, manager.stdin_port, manager.iopub_port):
        socket.create_connection((manager.ip, port), timeout=5).close()


def test_output_of_any_kind_reaches_the_client(start: Callable[..., Kernel]) -> None:
    kernel = start()
    assert kernel.run("import os; print(1); os.system('echo 2')").split()[:2] == ["1", "2"]
    assert kernel.run("1 / 0") == "ZeroDivisionError"


def test_an_interrupt_ends_a_cell_and_not_the_kernel(start: Callable[..., Kernel]) -> None:
    kernel = start()
    code = "import time; print('begun'); time.sleep(60)"
    kernel.client.execute(code, stop_on_error=False)  # or the kernel may drop what comes next
    while kernel.client.get_iopub_msg(timeout=10)["msg_type"] != "stream":
        pass
    kernel.manager.interrupt_kernel()
    assert kernel.client.get_shell_msg(timeout=10)["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.run("print('goes on')") == "goes on"


@pytest.mark.usefixtures("kernelspecs")
def test_an_interrupt_while_it_starts_does_not_end_it(light: dict[str, str]) -> None:
    manager = KernelManager(kernel_name="kit")
    manager.start_kernel(env=light)
    client = manager.client()
    try:
        for _ in range(5):
            manager.interrupt_kernel()
            time.sleep(0.02)
        client.start_channels()
        client.wait_for_ready(timeout=60)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_restart_gives_a_fresh_process(start: Callable[..., Kernel]) -> None:
    kernel = start()
    kernel.run("x = 1")
    before = kernel.process.pid
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.run("x") == "NameError"
    assert kernel.process.pid != before
    wait_until_ended(before)


def test_shutdown_ends_the_process(start: Callable[..., Kernel]) -> None:
    kernel = start()
    pid = kernel.process.pid
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel()
    wait_until_ended(pid)
    assert not kernel.manager.is_alive()


def test_a_kernel_that_dies_is_noticed(start: Callable[..., Kernel]) -> None:
    kernel = start()
    os.kill(kernel.process.pid, signal.SIGKILL)
    wait_until(lambda: not kernel.manager.is_alive(), 10)
    assert kernel.process.poll() == -signal.SIGKILL


def test_kernels_differ_in_state_environment_and_folder(
    start: Callable[..., Kernel], light: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    kernels = [
        start(
            {**light, "COLOUR": name, "PYTHONPATH": f"/at/{name}"},
            cwd=str(tmp_path / name),
            extra_arguments=[f"--IPKernelApp.exec_lines=word={name!r}"],
        )
        for name in "ab"
    ]
    code = "import os, random, sys, numpy; print(os.environ['COLOUR'], os.getcwd(), word, sys.path[:1])"
    assert [kernel.run(code) for kernel in kernels] == [
        f"{name} {tmp_path / name} {name} ['/at/{name}']" for name in "ab"
    ]
    draws = [kernel.run("print(random.random()); print(numpy.random.rand())").split() for kernel in kernels]
    assert not set(draws[0]) & set(draws[1])


def test_starts_plainly_and_says_so_once(
    start: Callable[..., Kernel], light: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("traitlets").propagate = True
    WarmProvisioner._said.clear()
    with caplog.at_level(logging.WARNING):
        kernels = [start({**light, "KIT_WARM": "off"}) for _ in range(2)]
    assert all(isinstance(kernel.process, subprocess.Popen) for kernel in kernels)
    assert kernels[0].run("print('works')") == "works"
    assert len([record for record in caplog.records if "KIT_WARM" in record.getMessage()]) == 1


def test_a_pipe_is_refused_and_served_plainly(start: Callable[..., Kernel]) -> None:
    kernel = start(stderr=subprocess.PIPE)
    assert isinstance(kernel.process, subprocess.Popen)


OWNER = """
import sys
from jupyter_client.manager import KernelManager
manager = KernelManager(kernel_name="kit")
manager.start_kernel()
print(manager.provisioner.process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.usefixtures("kernelspecs")
def test_kernels_end_with_their_owner(light: dict[str, str]) -> None:
    environ = {**light, "JUPYTER_PATH": os.environ["JUPYTER_PATH"]}
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.kill()
    wait_until_ended(pid)


@pytest.fixture
def slow(light: dict[str, str]) -> Iterator[dict[str, str]]:
    """Return an environment whose warm process has not started yet, and will import for some seconds."""
    folder = Path(tempfile.mkdtemp(prefix="kw-"))
    modules = "tensorflow,ipykernel.kernelapp"
    environ = {**light, "KIT_WARM_DIR": str(folder), "KIT_WARM_MODULES": modules}
    yield environ
    warm.stop(environ)
    shutil.rmtree(folder)


@pytest.mark.usefixtures("kernelspecs")
def test_a_kernel_exists_while_the_warm_process_still_imports(slow: dict[str, str]) -> None:
    manager = KernelManager(kernel_name="kit")
    manager.start_kernel(env=slow)
    assert isinstance(manager.provisioner, WarmProvisioner)
    assert isinstance(manager.provisioner.process, StartingProcess)
    assert manager.is_alive()
    manager.interrupt_kernel()
    kernel = Kernel(manager, manager.client())
    kernel.client.start_channels()
    try:
        kernel.client.wait_for_ready(timeout=60)
        assert kernel.run("print('works')") == "works"
        assert isinstance(kernel.process, WarmProcess)
    finally:
        kernel.client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert not manager.is_alive()


@pytest.mark.usefixtures("kernelspecs")
def test_a_kernel_can_be_ended_before_it_is_there(slow: dict[str, str]) -> None:
    manager = KernelManager(kernel_name="kit")
    manager.start_kernel(env=slow)
    manager.shutdown_kernel(now=True)
    assert not manager.is_alive()
    wait_until(lambda: not (warm.status(slow) or {}).get("children"), 20)


@pytest.fixture
def all_imported(full: dict[str, str]) -> dict[str, str]:
    """Return the environment of a warm process that has imported everything."""
    while not (warm.status(full) or {}).get("ready"):
        warm.start(full)
        time.sleep(0.5)
    return full


def test_pictures_are_shown_and_settings_are_read_as_by_ipykernel(
    all_imported: dict[str, str], start: Callable[..., Kernel], tmp_path: Path
) -> None:
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 7")
    kernel, kinds = start(all_imported, cwd=str(tmp_path)), set()
    code = "import matplotlib.pyplot as plt; plt.plot([1, 2]); print(plt.rcParams['lines.linewidth'])"
    said: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        said.append(message["content"].get("text", ""))
        kinds.update(message["content"].get("data", {}))

    kernel.client.execute_interactive(code, timeout=60, output_hook=hear)
    assert "image/png" in kinds
    assert "".join(said).strip() == "7.0"
    assert kernel.run("print(plt.get_backend())") in {"inline", "module://matplotlib_inline.backend_inline"}


def test_a_folder_that_is_gone_is_the_error_that_ipykernel_has(light: dict[str, str], tmp_path: Path) -> None:
    manager = KernelManager(kernel_name="kit")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        manager.start_kernel(env=light, cwd=str(tmp_path / "nowhere"))


@pytest.mark.parametrize("choice", [{}, {"KIT_WARM": "off"}], ids=["warm", "plain"])
def test_all_that_the_warm_process_has_imported_can_be_imported(
    all_imported: dict[str, str], start: Callable[..., Kernel], choice: dict[str, str]
) -> None:
    code = "import tensorflow, tfx.components, tensorflow_model_analysis; print('imported')"
    assert start({**all_imported, **choice}).run(code).endswith("imported")
