"""A kernel of the running interpreter, without an installed kernelspec and without a network port."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import zmq.asyncio
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

from kap_analysis.report.kernel_parent import KernelParent, alike_everywhere, running_parent
from kap_analysis.report.run_by_hand import OWN_RUN

KERNEL_NAME: Final = "kap"
#: The path of a Unix socket may hold 103 bytes on macOS and 107 on Linux; the kernel adds "-ipc-5" to its own.
LONGEST_SOCKET_PATH: Final = 90


@dataclass(frozen=True, slots=True)
class Kernel:
    """What nbclient needs to run a notebook: the manager, the working folder and the environment."""

    manager: AsyncKernelManager
    folder: Path
    environment: dict[str, str]


@contextmanager
def own_kernel() -> Iterator[Kernel]:
    """A kernel manager in a temporary folder, which is removed afterwards.

    The user's kernels, IPython profile and start-up files are not used, so a notebook runs the same everywhere. Linear
    algebra runs on one thread, so that sums are made in the same order.

    The context of its sockets is ours, and ends after the notebook client has stopped its channels. A manager ends its
    own before that, while the thread of the heartbeat still asks its socket: "Socket operation on non-socket".
    """
    with tempfile.TemporaryDirectory(prefix="kap-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _write_spec(folder / "kernels" / KERNEL_NAME)
        specs = KernelSpecManager(kernel_dirs=[str(folder / "kernels")], ensure_native_kernel=False)
        connection, context = folder / "k.json", zmq.asyncio.Context()
        manager = AsyncKernelManager(
            kernel_name=KERNEL_NAME,
            kernel_spec_manager=specs,
            connection_file=str(connection),
            transport=_transport(connection),
            context=context,
        )
        parent = running_parent()
        if parent is not None:
            manager.provisioner = _Copying(parent, manager)
        work = folder / "work"
        work.mkdir()
        try:
            yield Kernel(manager, work, _environment(folder))
        finally:
            context.destroy(linger=100)


def _transport(connection: Path) -> str:
    short_enough = len(os.fsencode(connection)) <= LONGEST_SOCKET_PATH
    return "ipc" if os.name != "nt" and short_enough else "tcp"


def _write_spec(folder: Path) -> None:
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, **alike_everywhere(), "IPYTHONDIR": str(folder / "ipython"), OWN_RUN: "1"}


class _Copying(LocalProvisioner):
    """Starts the kernel as a copy of a process that has the libraries, or by itself where that has ended."""

    def __init__(self, kernels: KernelParent, manager: AsyncKernelManager) -> None:
        super().__init__(kernel_id="", kernel_spec=manager.kernel_spec, parent=manager)
        self.kernels = kernels

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Launch the kernel; its arguments follow ``python -m ipykernel_launcher``."""
        copied = self.kernels.copy(cmd[3:], options["cwd"], options["env"])
        if copied is None:
            return await super().launch_kernel(cmd, **options)
        self.process = copied  # type: ignore[assignment]
        self.pid, self.pgid, self.cwd = copied.pid, copied.pid, options["cwd"]
        return self.connection_info
