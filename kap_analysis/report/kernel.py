"""A kernel of the running interpreter, without an installed kernelspec and without a network port."""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import zmq.asyncio
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

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
    own = {"IPYTHONDIR": str(folder / "ipython"), "PYTHONHASHSEED": "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    own[OWN_RUN] = "1"
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **own, **threads}
