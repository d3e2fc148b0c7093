"""Run All in Jupyter, where nothing but the kernel runs the notebook."""

import asyncio

import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from kap_analysis.report.kernel import own_kernel
from kap_analysis.report.run_by_hand import OWN_RUN
from kap_analysis.report.unanswered import NO_ANSWER
from tests.sweeps import few_fast

OPENED = "import kap_analysis as kap\nfrom kap_analysis.errors import AnalysisError\nresults = kap.open_results()"
REFUSED = "raise AnalysisError('There is one format only.')\nresult = 1"
REFUSED_NOTEBOOK = "raise kap.ReportError('no')"


def run_all(notebook):
    """Run a notebook as JupyterLab does: in order, until a cell ends in an error."""

    async def run():
        with own_kernel() as kernel:
            environment = {name: value for name, value in kernel.environment.items() if name != OWN_RUN}
            client = NotebookClient(notebook, km=kernel.manager, timeout=60)
            await client.async_execute(cleanup_kc=True, cwd=str(kernel.folder), env=environment)

    asyncio.run(run())
    return notebook


def test_what_the_study_cannot_answer_is_a_sentence_and_the_cells_below_go_on(make_notebook):
    ran = run_all(make_notebook(OPENED, REFUSED, "result + 1", "6 * 7"))
    assert ran.cells[3].outputs[0]["data"]["text/markdown"] == f"{NO_ANSWER} There is one format only."
    assert ran.cells[4].outputs == []
    assert ran.cells[5].outputs[0]["data"]["text/plain"] == "42"


@pytest.mark.parametrize("fault", few_fast(["1 / 0", "unknown_name", REFUSED_NOTEBOOK], [REFUSED_NOTEBOOK]))
def test_every_other_error_stops_as_always(make_notebook, fault):
    with pytest.raises(CellExecutionError):
        run_all(make_notebook(OPENED, REFUSED, fault))
