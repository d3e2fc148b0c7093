"""Run All by hand: a cell that the study cannot answer shows the reason, and the cells below it go on.

Jupyter stops at the first error. Here an error that says what the data cannot answer is shown as that sentence and is
no error of the cell; so is an error that only follows from it. Every other error is shown, and stops, as always.
"""

import os
import sys
from typing import Any, Final

from kap_analysis.report.unanswered import ABOUT_THE_DATA, NO_ANSWER, Unanswered, names_made
from kap_analysis.writing.escapes import markdown_text

#: Set in the environment of a kernel that this package runs: errors of cells are dealt with from outside.
OWN_RUN: Final = "KAP_ANALYSIS_RUN"
_IN_USE: Final = "_kap_analysis_answers_in_words"


def answer_in_words_by_hand() -> None:
    """From now on, tell in this notebook what the study cannot answer; elsewhere, and in a run of ours, do nothing."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules and OWN_RUN not in os.environ else None
    if shell is None or not hasattr(shell, "kernel") or hasattr(shell, _IN_USE):
        return
    unanswered = Unanswered()
    setattr(shell, _IN_USE, unanswered)

    def reason_for(error: BaseException) -> str | None:
        return unanswered.reason_for(type(error).__name__, str(error))

    def show(shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None) -> None:
        reason = reason_for(error)
        if reason is None:
            shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        elif reason:
            text = f"{NO_ANSWER} {markdown_text(reason)}"
            shell.display_pub.publish({"text/markdown": text, "text/plain": text})

    def let_go_on(result: Any) -> None:
        error = result.error_in_exec
        if error is not None and reason_for(error) is not None:
            unanswered.names |= names_made(result.info.raw_cell)
            result.error_in_exec = None

    shell.set_custom_exc((*ABOUT_THE_DATA, NameError), show)
    shell.events.register("post_run_cell", let_go_on)
