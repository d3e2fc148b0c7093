"""``kap share``: the results of a public study, for everybody."""

from pathlib import Path

from kap_analysis.columns import Progress
from kap_analysis.errors import ReportError
from kap_analysis.report.pipeline import Reproduced, reproduce
from kap_analysis.study.load import load_study


def share_study(
    study: str | Path,
    out: str | Path,
    *,
    notebooks: str | Path | None = None,
    progress: Progress | None = None,
) -> Reproduced:
    """Run the notebooks on a public study of real patients, and report what was withheld.

    Parameters
    ----------
    study, out, notebooks, progress :
        As in `reproduce`, which writes the same for such a study.

    Returns
    -------
    Reproduced
        Its folder holds ``sharing_report.html``.

    Raises
    ------
    ReportError
        If the study is private or simulated, or what was made could give a patient away: then nothing is written.
    StudyError
        If the study breaks its contract.
    """
    loaded = load_study(study)
    if loaded.is_simulated:
        raise ReportError(
            "This study has no real patients, so nothing needs to be withheld; use kap reproduce. To see what would be "
            'withheld of real ones, say provenance = "real" and visibility = "public" in a copy of its study.toml.'
        )
    if loaded.visibility == "private":
        raise ReportError(
            "This study is private; expected a public one. If all who must agree have agreed to share its results, say "
            'visibility = "public" in study.toml.'
        )
    return reproduce(study, out, notebooks=notebooks, progress=progress)
