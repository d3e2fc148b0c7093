"""A process in which the libraries are loaded, and of which the kernels of a run are copies.

Otherwise each kernel loads them anew: two seconds of processor time for each notebook. Only on Linux, where a process
may be copied after libraries were loaded; elsewhere, and where the process has ended, a kernel starts by itself.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

_POLL_SECONDS: Final = 0.02
#: Imports nothing that lies in the folder from which a run is started; a kernel adds its own folder.
_PROGRAM: Final = """
import sys
sys.path = [place for place in sys.path if place]
import kap_analysis as kap
from kap_analysis.report.kernel_copies import copy_when_asked
copy_when_asked(kap, kap.figures, kap.tables)
"""


class CopiedProcess:
    """A kernel that is a copy, with what `jupyter_client` asks of a process: it is not our child, so we cannot wait."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, parent: "subprocess.Popen[str]") -> None:
        self.pid, self.parent = pid, parent

    def poll(self) -> int | None:
        """0 once the kernel has ended, or its parent, with which it ends."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None if self.parent.poll() is None else 0

    def wait(self) -> int:
        """Wait until the kernel has ended."""
        while self.poll() is None:
            time.sleep(_POLL_SECONDS)
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the kernel."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)


class KernelParent:
    """The process that is copied: see `kernel_copies`, which it runs."""

    def __init__(self) -> None:
        environment = {**os.environ, **alike_everywhere()}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def copy(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> CopiedProcess | None:
        """Start a kernel as a copy; None if the process has ended."""
        asked = {"arguments": list(arguments), "folder": str(folder), "environment": dict(environment)}
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(asked) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        pid = self.process.stdout.readline()
        return CopiedProcess(int(pid), self.process) if pid else None

    def end(self) -> None:
        """End the process, and its copies with it."""
        self.process.kill()
        self.process.communicate()


_RUNNING: ContextVar[KernelParent | None] = ContextVar("kernel parent", default=None)


@contextmanager
def copied_kernels() -> Iterator[None]:
    """While the block runs, kernels are copies of one process, which loads its libraries beside what this one does."""
    if sys.platform != "linux" or _RUNNING.get() is not None:
        yield
        return
    parent = KernelParent()
    before = _RUNNING.set(parent)
    try:
        yield
    finally:
        _RUNNING.reset(before)
        parent.end()


def running_parent() -> KernelParent | None:
    """The process that is copied at present."""
    return _RUNNING.get()


def alike_everywhere() -> dict[str, str]:
    """Environment of kernels on every machine: one thread, so that sums are made in the same order, and one hash."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**threads, "PYTHONHASHSEED": "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
