"""The outcome frame that every model takes, with the ledger of its making."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pandas as pd

from kap_analysis.columns import BASELINE_VISIT, FORMAT, PATIENT_ID, VISIT
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.study.outcome_frames.populations import count_populations
from kap_analysis.study.outcome_frames.table_outcomes import outcomes_of_frame


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Scores of one instrument by patient and visit.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row per patient and visit (or per assessment), the baseline among them: patient_id, practice, format
        (ordered: individual < group, and mixed where it occurs), is_group (0.0 or 1.0), cohort_id (missing for
        patients without one), visit (ordered; baseline first), day, month (day / 30.4375), score, baseline, change
        (score - baseline), and the patient's covariates.
    ledger : pandas.DataFrame
        step, left_out_because (empty: kept), format, n_patients, n_rows.
    problems : pandas.DataFrame
        What a reader should know, and what stopped nothing: file, row, column, found, expected, message, patient_id.
    instrument : Instrument
    visits : tuple of str
        Labels of the visits, the baseline first.
    visibility : str
        ``private`` or ``public``: what may be shown.
    is_simulated : bool
    notes : tuple of str
        The rule for missing items, where totals were scored from items here; and the like.
    primary_visit : str or None
        The study's primary visit; None where no study says it.
    not_due : mapping of str to frozenset of str
        Visit -> the patients who started, have a format and were not observed to the end of its window: their score
        may still come. Empty where no study says it.
    folder : Path or None
        The folder of the study, where its plan is; None without a study.
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame
    problems: pd.DataFrame
    instrument: Instrument
    visits: tuple[str, ...]
    visibility: str = "private"
    is_simulated: bool = False
    notes: tuple[str, ...] = field(default=())
    primary_visit: str | None = None
    not_due: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    folder: Path | None = field(default=None, repr=False)
    #: The populations of the study that these are the outcomes of; of those without a study, see `populations`.
    of_study: pd.DataFrame | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        if self.visibility == "public" and not self.is_simulated:
            return f"<Outcomes {self.instrument.name}: visits {', '.join(self.visits)}; PUBLIC>"
        n, rows = self.frame[PATIENT_ID].nunique(), len(self.frame)
        return f"<Outcomes {self.instrument.name}: {n:,} patients, {rows:,} rows, visits {', '.join(self.visits)}>"

    def populations(self) -> pd.DataFrame:
        """Return the numbers of patients that come back in every result, as `count_populations` counts them."""
        if self.of_study is not None:
            return self.of_study
        patients = self.frame.drop_duplicates(PATIENT_ID)
        return count_populations(patients[[PATIENT_ID, FORMAT]].assign(started=True), self.frame, self.primary_visit)

    @property
    def after_baseline(self) -> pd.DataFrame:
        """The rows after baseline, with ``visit`` reduced to the visits that remain."""
        later = self.frame[self.frame[VISIT] != BASELINE_VISIT]
        return later.assign(**{VISIT: later[VISIT].cat.remove_unused_categories()})

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        instrument: str | Instrument,
        visits: Sequence[str] | None = None,
        schedule: Mapping[str, tuple[float, float]] | None = None,
        outside_range: float = 0.0,
        visibility: str = "private",
        is_simulated: bool = False,
    ) -> "Outcomes":
        """Make outcomes of any table in long form, with the names of its columns changed to ours.

        Parameters
        ----------
        frame : pandas.DataFrame, or a table of polars or Arrow
            ``patient_id``, ``score``, and ``day`` or ``month`` or ``visit``; the baseline as a row whose visit is
            "baseline" or as a column ``baseline``; format, cohort_id, practice and covariates where there are any.
            Rows without a score are left out, in the ledger.
        instrument : str or Instrument
            A name of the registry, or an instrument of your own.
        visits : sequence of str, optional
            Order of the visits after baseline; default: by their mean day, or as they come. Visits without days are
            taken as evenly spaced, one month apart; ``notes`` says so.
        schedule : mapping, optional
            The first and last day of each visit, such as ``{"month 1": (15, 45)}``: the visit of each row is told by
            its day. Days up to 0 are the baseline; days in no window are left out, in the ledger.
        outside_range : float
            How many points a score may lie outside the instrument's range, such as an imputed one.
        visibility, is_simulated :
            See the attributes.

        Raises
        ------
        StudyError
            If a column is missing, a score is outside the instrument's range, or a patient has two rows for a visit.
        """
        parts = outcomes_of_frame(frame, instrument, visits, schedule, outside_range)
        return cls(
            **{field.name: getattr(parts, field.name) for field in fields(parts)},
            visibility=visibility,
            is_simulated=is_simulated,
        )
