"""Tasks done by processes, of one machine or of a cluster; a task whose process was lost is done again.

What a task gives depends on the task alone, and the results come in the order of the tasks: so they are the same bytes
for any number of processes, wherever they run.
"""

import asyncio
import logging
from asyncio import CancelledError
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from threading import Thread
from typing import Any

from joblib import Parallel, delayed, parallel_config

from kap_analysis.errors import PlanningError

MOST_LOSSES = 3  # after which the tasks themselves are what ends the processes
SECONDS_TO_ANSWER = 5


def do_tasks(function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], *, workers: int) -> Iterator[Any]:
    """The results of function(*task) in the order of the tasks.

    Parameters
    ----------
    workers : int
        Processes of joblib. With 1, `joblib.parallel_config` decides: none beside this one unless it says otherwise.

    Raises
    ------
    PlanningError
        When processes are lost again and again.
    """
    done, losses = 0, 0
    while done < len(tasks):
        pool = Parallel(n_jobs=workers if workers > 1 else None, return_as="generator")
        try:
            for found in pool(delayed(function)(*task) for task in tasks[done:]):
                done += 1
                yield found
        except BrokenProcessPool as lost:
            losses += 1
            if losses > MOST_LOSSES:
                raise PlanningError(
                    f"A worker process was lost {losses} times, after {done} of {len(tasks)} tasks; the system may end "
                    "it for want of memory. Take fewer workers."
                ) from lost


@contextmanager
def on_cluster(cluster: Any) -> Iterator[None]:
    """While the block runs, tasks go to a Dask cluster; without one, nothing changes.

    Parameters
    ----------
    cluster : str, dask.distributed.Client or None
        The address of its scheduler, such as "tcp://10.0.0.5:8786", or a client of it.

    Raises
    ------
    PlanningError
        When Dask is not installed, or nothing answers at the address.
    """
    if cluster is None:
        yield
        return
    if not isinstance(cluster, str):
        with parallel_config("dask", client=cluster):
            yield
        return
    with _client(cluster) as client, parallel_config("dask", client=client):
        yield


def _client(address: str) -> Any:
    try:
        from dask.distributed import Client
    except ImportError:
        raise PlanningError(
            f"A cluster was named ({address}), and Dask is not installed. Install it: pip install kap-analysis[cluster]"
        ) from None
    fault = _no_answer(address)
    if fault:
        raise PlanningError(
            f"No Dask scheduler answers at {address!r} ({fault}). Give the address that `dask scheduler` prints, such "
            "as tcp://10.0.0.5:8786, or leave --cluster out."
        )
    return Client(address, timeout=SECONDS_TO_ANSWER, set_as_default=False)


def _no_answer(address: str) -> str:
    """Why no scheduler can be reached at an address, or nothing; a client that fails would go on trying and complain.

    It is asked from a thread of its own, since a notebook has a loop already and a name server may take its time.
    """
    found = [f"nothing within {SECONDS_TO_ANSWER} seconds"]

    def ask() -> None:
        try:
            asyncio.run(_greet(address))
            found[0] = ""
        except (OSError, ValueError, ImportError) as fault:
            found[0] = str(fault) or found[0]
        except (Exception, CancelledError) as fault:  # whatever is made of the bytes of another program
            found[0] = f"what is there speaks no Dask: {type(fault).__name__}"

    asking, log = Thread(target=ask, daemon=True), logging.getLogger("distributed")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        asking.start()
        asking.join(SECONDS_TO_ANSWER + 1)
    finally:
        log.setLevel(level)
    return found[0]


async def _greet(address: str) -> None:
    from dask.distributed import Security
    from distributed.comm import connect

    comm = await connect(address, timeout=SECONDS_TO_ANSWER, **Security().get_connection_args("client"))
    comm.abort()
