"""Running a notebook: parameters in, outputs out, nothing of the machine kept."""

import ast
import asyncio
import re
import sys

import pytest
import zmq.asyncio
from jupyter_client.channels import HBChannel
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from kap_analysis.errors import ReportError
from kap_analysis.report.execution import execute_notebook, run_notebook
from kap_analysis.report.kernel_parent import copied_kernels, running_parent
from kap_analysis.report.parameters import fill_parameters, read_parameters
from kap_analysis.report.reasons_shown import FAILED, NEEDS_WHAT_IS_MISSING, SAME_REASON
from kap_analysis.report.unanswered import NOTHING_TO_SHOW


def test_parameters_are_filled_and_the_others_keep_their_value(make_notebook):
    filled = fill_parameters(make_notebook(), {"study_folder": "Ä/b", "results_folder": None}, name="00_x")
    assert filled.cells[1].source == 'study_folder = "Ä/b"\nresults_folder = None\nseed = 7'
    assert read_parameters(filled) == {"study_folder": "Ä/b", "results_folder": None, "seed": 7}


def test_the_notebook_that_was_given_is_not_changed(make_notebook):
    original = make_notebook()
    fill_parameters(original, {"seed": 8}, name="00_x")
    assert read_parameters(original)["seed"] == 7


def test_a_parameter_that_the_cell_does_not_assign_is_refused(make_notebook):
    sentence = "The parameters of 00_x are study_folder, results_folder, seed; sed is not one of them."
    with pytest.raises(ReportError, match=re.escape(sentence)):
        fill_parameters(make_notebook(), {"sed": 8}, name="00_x")


def test_a_notebook_needs_one_cell_of_parameters(make_notebook):
    notebook = make_notebook()
    del notebook.cells[1]
    with pytest.raises(ReportError, match=re.escape("00_x has 0 cells tagged 'parameters'; expected one.")):
        fill_parameters(notebook, {}, name="00_x")


def test_a_run_counts_its_cells_and_keeps_no_trace_of_the_machine(make_notebook):
    seen: list[tuple[int, int]] = []
    ran = run_notebook(make_notebook("6 * 7"), name="00_x", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    assert ran.cells[2].outputs[0]["data"]["text/plain"] == "42"
    assert set(ran.metadata) == {"kernelspec"}
    assert [dict(cell.metadata) for cell in ran.cells] == [{}, {"tags": ["parameters"]}, {}]


def test_a_warning_does_not_tell_where_its_file_lies(make_notebook):
    source = "import warnings\nwarnings.warn_explicit('read with care', UserWarning, '/home/x y/a.py', 7)"
    (output,) = run_notebook(make_notebook(source), name="x").cells[-1].outputs
    assert output.text.startswith("UserWarning: read with care") and "/home" not in output.text


def test_a_failing_cell_is_one_sentence_with_its_place(make_notebook):
    with pytest.raises(ReportError) as caught:
        run_notebook(make_notebook("1 / 0"), name="00_x")
    assert str(caught.value) == "00_x stopped in code cell 2 of 2. ZeroDivisionError: division by zero"


def test_the_kernel_is_this_interpreter_alone(make_notebook):
    ran = run_notebook(make_notebook("import sys, os\n(sys.executable, os.environ['OMP_NUM_THREADS'])"), name="00_x")

    assert ran.cells[2].outputs[0]["data"]["text/plain"] == repr((sys.executable, "1"))


NO_ANSWER = (
    "from kap_analysis.errors import AnalysisError\nraise AnalysisError('There is one format only.')\nresult = 1"
)


def test_what_the_data_cannot_answer_is_said_where_the_answer_would_stand(make_notebook):
    ran = run_notebook(make_notebook(NO_ANSWER, "result + 1", "6 * 7"), name="00_x")
    (said,) = ran.cells[2].outputs
    assert said["data"]["text/markdown"] == "**This study does not answer this.** There is one format only."
    assert ran.cells[3].outputs == []
    assert ran.cells[4].outputs[0]["data"]["text/plain"] == "42"


def test_what_is_said_of_a_missing_answer_goes_with_it_up_to_the_next_heading(make_notebook):
    notebook = make_notebook(NO_ANSWER, "6 * 7")
    notebook.cells.insert(3, new_markdown_cell("It shows a fall.\n\n## Next\n\nOf all patients."))
    notebook.cells.append(new_markdown_cell("It shows 42."))
    ran = run_notebook(notebook, name="00_x")
    assert [cell.source for cell in ran.cells[3::2]] == ["## Next\n\nOf all patients.", "It shows 42."]


def test_a_reason_is_told_in_full_once_in_a_notebook(make_notebook):
    again = NO_ANSWER.replace("result", "other")
    ran = run_notebook(make_notebook(NO_ANSWER, again), name="00_x")
    assert ran.cells[3].outputs[0]["data"]["text/markdown"] == f"**This study does not answer this.** {SAME_REASON}"


def test_an_empty_table_is_told_in_the_words_of_a_page(make_notebook):
    empty = (
        "from kap_analysis.errors import NothingToShowError\n"
        "raise NothingToShowError('table_serious has nothing to show: serious= has no rows (withheld).')"
    )
    (said,) = run_notebook(make_notebook(empty), name="00_x").cells[2].outputs
    assert said["data"]["text/markdown"] == f"**This study does not answer this.** {NOTHING_TO_SHOW}"


def test_a_heading_below_which_nothing_could_be_made_says_so(make_notebook):
    notebook = make_notebook(NO_ANSWER, "result + 1", "6 * 7")
    notebook.cells.insert(3, new_markdown_cell("## The model\n\nIt was fitted to all."))
    notebook.cells.insert(5, new_markdown_cell("It shows a fall.\n\n## Next\n\nOf all patients."))
    ran = run_notebook(notebook, name="00_x")
    assert ran.cells[3].source == f"## The model\n\n{NEEDS_WHAT_IS_MISSING}"
    assert ran.cells[5].source == "## Next\n\nOf all patients." and ran.cells[6].outputs


def test_a_name_that_no_unanswered_cell_would_have_made_stops_the_run(make_notebook):
    with pytest.raises(ReportError) as caught:
        run_notebook(make_notebook(NO_ANSWER, "resullt + 1"), name="00_x")
    assert str(caught.value) == "00_x stopped in code cell 3 of 3. NameError: name 'resullt' is not defined"


def test_a_kernel_that_ends_is_one_sentence(make_notebook):
    with pytest.raises(ReportError) as caught:
        run_notebook(make_notebook("import os\nos._exit(1)"), name="00_x")
    assert str(caught.value) == "00_x: the kernel ended in code cell 2 of 2: it was stopped, or memory was short."


def test_a_fault_is_told_in_its_cell_and_the_notebook_goes_on(make_notebook):
    faults: list[str] = []
    running = execute_notebook(make_notebook("made = 1 / 0", "made + 1", "6 * 7"), name="00_x", faults=faults)
    ran = asyncio.run(running)
    assert faults == ["00_x, code cell 2 of 4: ZeroDivisionError: division by zero"]
    assert ran.cells[2].outputs[0]["data"]["text/markdown"] == f"{FAILED} ZeroDivisionError: division by zero"
    assert ran.cells[3].outputs == []
    assert ran.cells[4].outputs[0]["data"]["text/plain"] == "42"


def test_the_heartbeat_ends_before_its_sockets(make_notebook, monkeypatch):
    order: list[str] = []
    monkeypatch.setattr(HBChannel, "stop", noting(order, "heartbeat", HBChannel.stop))
    monkeypatch.setattr(zmq.asyncio.Context, "destroy", noting(order, "sockets", zmq.asyncio.Context.destroy))
    run_notebook(make_notebook("1"), name="x")
    assert order.index("heartbeat") < order.index("sockets")


def noting(order, word, function):
    def noted(*args, **options):
        order.append(word)
        return function(*args, **options)

    return noted


def test_a_notebook_without_a_heading_runs():
    notebook = new_notebook(cells=[new_code_cell("6 * 7")])
    assert run_notebook(notebook, name="x").cells[0].outputs[0]["data"]["text/plain"] == "42"


ABOUT_THE_KERNEL = """
import os, random, sys
import numpy as np
loaded = "kap_analysis.mixed.model" in sys.modules
(os.getpid(), os.getpgid(0) == os.getpid(), loaded, sys.path, np.random.rand(), os.environ["IPYTHONDIR"])
"""


def of_the_kernel(make_notebook):
    ran = run_notebook(make_notebook(ABOUT_THE_KERNEL), name="00_x")
    return ast.literal_eval(ran.cells[2].outputs[0]["data"]["text/plain"].replace("np.float64", ""))


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are copies on Linux only")
def test_kernels_of_a_run_are_copies_that_have_the_libraries_and_nothing_else_in_common(make_notebook):
    with copied_kernels():
        first, second = of_the_kernel(make_notebook), of_the_kernel(make_notebook)
    assert first[1:3] == second[1:3] == (True, True)
    assert all(one != other for one, other in zip(first[:1] + first[4:], second[:1] + second[4:], strict=True))
    by_itself = of_the_kernel(make_notebook)
    assert (by_itself[2], by_itself[3]) == (False, first[3])


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are copies on Linux only")
def test_a_copied_kernel_that_ends_is_one_sentence_and_the_next_one_starts(make_notebook):
    with copied_kernels():
        with pytest.raises(ReportError, match="the kernel ended in code cell 2 of 2"):
            run_notebook(make_notebook("import os\nos._exit(1)"), name="00_x")
        assert of_the_kernel(make_notebook)[2]
        running_parent().process.kill()
        running_parent().process.wait()
        assert not of_the_kernel(make_notebook)[2]  # it starts by itself
