"""The process that `kernel_parent` starts: it loads what notebooks use, and is copied for each line that it reads.

A line holds the arguments, the folder and the environment of a kernel as JSON; the answer is the number of its process.
The process ends when nobody can ask any more, and its kernels end with it.
"""

import gc
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import ModuleType
from typing import Any

os.environ["JPY_PARENT_PID"] = str(os.getpid())  # ipykernel reads it as it is imported: whose end ends a kernel

import numpy as np
from ipykernel import kernelapp


def copy_when_asked(*used: ModuleType) -> None:
    """Load all names of packages, then answer each line by a kernel; returns in a copy when its kernel has ended."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _load(used)
    signal.signal(signal.SIGCHLD, _collect)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            answers.close()
            _become_kernel(**json.loads(line))
            return
        answers.write(f"{pid}\n")
        answers.flush()


def _collect(*_: Any) -> None:
    """Let kernels that have ended go: until then they look as if they ran, and their time is not counted as ours."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _load(used: Sequence[ModuleType]) -> None:
    """Import what lies behind each name, and leave it out of the collections of garbage that follow."""
    for package in used:
        for name in package.__all__:
            getattr(package, name)
    gc.collect()
    gc.freeze()


def _become_kernel(arguments: Sequence[str], folder: str, environment: Mapping[str, Any]) -> None:
    """Run a kernel as Jupyter would have started it: a session, an input and a random state of its own."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.chdir(folder)
    own = os.environ["JPY_PARENT_PID"]
    os.environ.clear()
    os.environ.update({**environment, "JPY_PARENT_PID": own})
    np.random.seed()  # noqa: NPY002 - copies would draw alike where a notebook uses the state that all share
    sys.argv = ["ipykernel_launcher", *arguments]
    kernelapp.launch_new_instance()
