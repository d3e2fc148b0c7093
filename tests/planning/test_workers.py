"""Tasks on any number of processes give the same bytes, and a process that is lost loses nothing."""

import os
import signal
import sys
from pathlib import Path

import joblib
import pytest

from kap_analysis.analysis.model.plan import Ladder
from kap_analysis.errors import PlanningError
from kap_analysis.planning.draws import analyse_draws
from kap_analysis.planning.precision import plan_next_study
from kap_analysis.planning.workers import do_tasks, on_cluster

NO_DASK = "Dask is not installed: pip install kap-analysis[cluster]"


def double(number, folder=""):
    return 2 * number


def double_and_die_once(number, folder):
    """Twice the number; the first process that takes the third task is killed."""
    mark = Path(folder) / "killed"
    if number == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def die(number):
    os.kill(os.getpid(), signal.SIGKILL)


def test_results_come_in_the_order_of_the_tasks():
    assert list(do_tasks(double, [(n,) for n in range(5)], workers=1)) == [0, 2, 4, 6, 8]


def test_one_worker_is_what_joblib_is_set_to():
    with joblib.parallel_config("threading", n_jobs=2):
        assert list(do_tasks(double, [(n,) for n in range(5)], workers=1)) == [0, 2, 4, 6, 8]


@pytest.mark.slow
def test_a_process_that_is_killed_loses_nothing(tmp_path):
    tasks = [(n, str(tmp_path)) for n in range(6)]
    assert list(do_tasks(double_and_die_once, tasks, workers=2)) == [0, 2, 4, 6, 8, 10]
    assert (tmp_path / "killed").exists()


@pytest.mark.slow
def test_processes_that_are_lost_again_and_again_are_one_sentence(monkeypatch):
    monkeypatch.setattr("kap_analysis.planning.workers.MOST_LOSSES", 1)
    with pytest.raises(PlanningError, match=r"A worker process was lost 2 times, after 0 of 2 tasks.*fewer workers"):
        list(do_tasks(die, [(0,), (1,)], workers=2))


def test_without_dask_a_cluster_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    with (
        pytest.raises(PlanningError, match=r"tcp://host:8786.*pip install kap-analysis\[cluster\]"),
        on_cluster("tcp://host:8786"),
    ):
        pass


def test_workers_and_a_cluster_are_not_both_given(study):
    with pytest.raises(PlanningError, match="both given"):
        plan_next_study(study, workers=2, cluster="tcp://host:8786")


@pytest.fixture
def small_tasks(monkeypatch):
    monkeypatch.setattr("kap_analysis.planning.draws.PER_TASK", 3)


@pytest.fixture
def cluster():
    """A Dask cluster of two processes on this machine, and its client."""
    distributed = pytest.importorskip("dask.distributed", reason=NO_DASK)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made,
        distributed.Client(made, set_as_default=False) as client,
    ):
        yield client


def bytes_of(study, **keywords):
    """Numbers of twelve drawn studies to the last bit."""
    return analyse_draws(study, 12, seed=9, ladder=Ladder(), **keywords).to_csv(float_format="%.17g")


@pytest.mark.slow
def test_1_2_and_4_workers_give_the_same_bytes(study, small_tasks):
    assert len({bytes_of(study, workers=workers) for workers in (1, 2, 4)}) == 1


@pytest.mark.slow
def test_a_cluster_gives_the_bytes_of_one_worker(study, small_tasks, cluster):
    found = [bytes_of(study)]
    for way in (cluster, cluster.scheduler.address):
        with on_cluster(way):
            found.append(bytes_of(study))
    with joblib.parallel_config("dask", client=cluster):
        found.append(bytes_of(study))
    assert len(set(found)) == 1


@pytest.mark.slow
def test_a_worker_of_a_cluster_that_is_killed_loses_nothing(tmp_path, cluster):
    tasks = [(n, str(tmp_path)) for n in range(6)]
    with on_cluster(cluster):
        assert list(do_tasks(double_and_die_once, tasks, workers=1)) == [0, 2, 4, 6, 8, 10]
    assert (tmp_path / "killed").exists()


@pytest.mark.slow
def test_an_address_where_nothing_answers_is_one_sentence(monkeypatch):
    pytest.importorskip("dask.distributed", reason=NO_DASK)
    monkeypatch.setattr("kap_analysis.planning.workers.SECONDS_TO_ANSWER", 1)
    with (
        pytest.raises(PlanningError, match="No Dask scheduler answers at 'tcp"),
        on_cluster("tcp://127.0.0.1:9"),
    ):
        pass


@pytest.mark.parametrize("address", ["nonsense", "", "foo://host:1", "inproc://x"])
def test_what_is_no_address_is_one_sentence(address, capfd):
    pytest.importorskip("dask.distributed", reason=NO_DASK)
    with pytest.raises(PlanningError, match="No Dask scheduler answers"), on_cluster(address):
        pass
    assert capfd.readouterr().err == ""
