"""A loaded study: its tables, its settings, and the outcome frames that can be made of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from kap_analysis.columns import PATIENT_ID
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.study.answerable import study_answers
from kap_analysis.study.contract.settings import Settings
from kap_analysis.study.outcome_frames.frames_of_study import FramesOfStudy
from kap_analysis.study.outcome_frames.ledger import Ledger
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.outcome_frames.study_outcomes import Population
from kap_analysis.study.timing.look_up import is_among
from kap_analysis.study.timing.plan_rules import Rules, rules_of_plan
from kap_analysis.study.timing.time_zero import CohortRule, FormatRule


@dataclass(frozen=True, eq=False)
class Study:
    """A study folder that was read and found sound.

    Attributes
    ----------
    path : Path
    settings : Settings
        What study.toml says.
    tables : dict
        Table name -> typed frame with every declared column; absent optional tables have no rows, absent optional
        columns are all missing.
    instruments : dict
        Name -> Instrument, of every instrument that the data name.
    ledger : pandas.DataFrame
        step, left_out_because (empty: kept), format, n_patients, n_rows.
    notes : tuple of str
        What was not loaded, and other things to know.
    files, rows : dict
        Table name -> name of its file; place of each row in that file.
    """

    path: Path
    settings: Settings
    tables: Mapping[str, pd.DataFrame]
    instruments: Mapping[str, Instrument]
    ledger: pd.DataFrame = field(default_factory=lambda: Ledger(pd.Series(dtype=object)).frame())
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __repr__(self) -> str:
        if self.visibility == "public" and not self.is_simulated:
            return f"<Study {self.settings.title!r}; PUBLIC>"
        n, sessions, scores = len(self.patients), len(self.sessions), len(self.assessments)
        stamp = "SIMULATED" if self.is_simulated else self.settings.visibility.upper()
        return (
            f"<Study {self.settings.title!r}: {n:,} patients, {sessions:,} sessions, {scores:,} assessments; {stamp}>"
        )

    @property
    def is_simulated(self) -> bool:
        """Whether nothing in it comes from a patient."""
        return self.settings.is_simulated

    @property
    def visibility(self) -> str:
        """``private`` or ``public``: what may be shown of it."""
        return self.settings.visibility

    def populations(self) -> pd.DataFrame:
        """Return the numbers of patients that come back in every result, as `count_populations` counts them."""
        return self._frames.populations(self._rules(None, None))

    @property
    def patients(self) -> pd.DataFrame:
        """One row per patient."""
        return self.tables["patients"]

    @property
    def sessions(self) -> pd.DataFrame:
        """One row per patient and session."""
        return self.tables["sessions"]

    @property
    def assessments(self) -> pd.DataFrame:
        """One row per patient, day, instrument and rater."""
        return self.tables["assessments"]

    @property
    def items(self) -> pd.DataFrame:
        """One row per item answer."""
        return self.tables["items"]

    @property
    def diagnoses(self) -> pd.DataFrame:
        """One row per patient and diagnosis."""
        return self.tables["diagnoses"]

    @property
    def cohorts(self) -> pd.DataFrame:
        """One row per therapy group."""
        return self.tables["cohorts"]

    @property
    def session_measures(self) -> pd.DataFrame:
        """One row per measurement in a session."""
        return self.tables["session_measures"]

    @property
    def treatments(self) -> pd.DataFrame:
        """One row per other treatment."""
        return self.tables["treatments"]

    @property
    def adverse_events(self) -> pd.DataFrame:
        """One row per adverse event."""
        return self.tables["adverse_events"]

    def at_time_zero(
        self, *, format_rule: FormatRule | None = None, cohort_rule: CohortRule | None = None
    ) -> pd.DataFrame:
        """Return patient_id, started, format, cohort_id and n_cohorts of every patient.

        Parameters
        ----------
        format_rule, cohort_rule : str, optional
            See :func:`kap_analysis.study.timing.time_zero.patients_at_time_zero`. Default: the rules of ``plan.toml``
            in the study folder; where there is none, ``planned`` and ``first``.
        """
        return self._frames.at_time_zero(self._rules(format_rule, cohort_rule)).copy()

    def _rules(self, format_rule: FormatRule | None, cohort_rule: CohortRule | None) -> Rules:
        if format_rule is not None and cohort_rule is not None:
            return Rules(format_rule, cohort_rule)
        planned = rules_of_plan(self.path)
        return Rules(format_rule or planned.format_rule, cohort_rule or planned.cohort_rule)

    @cached_property
    def _frames(self) -> FramesOfStudy:
        file = self.files.get("assessments", "assessments.csv")
        return FramesOfStudy(self.tables, self.settings, self.instruments, file, self.rows.get("assessments"))

    def of_patients(self, patient_ids: Iterable[str]) -> "Study":
        """Return the study of some of its patients: every table that has a patient_id, with their rows only.

        The ledger stays that of the whole study. Cohorts and settings stay as they are.
        """
        wanted = pd.Series(list(patient_ids), dtype=self.patients[PATIENT_ID].dtype)
        kept = {
            name: is_among(table[PATIENT_ID], wanted)
            for name, table in self.tables.items()
            if PATIENT_ID in table.columns
        }
        tables = {
            name: table[kept[name]].reset_index(drop=True) if name in kept else table
            for name, table in self.tables.items()
        }
        rows = {name: places[kept[name]] if name in kept else places for name, places in self.rows.items()}
        return replace(self, tables=tables, rows=rows)

    def answers(self) -> pd.DataFrame:
        """Return what this study can and cannot answer: question, can_answer, why."""
        with_counts = self.visibility == "private" or self.is_simulated
        return study_answers(self.tables, self.settings, self.instruments, with_counts=with_counts)

    def outcomes(
        self,
        instrument: str | None = None,
        *,
        visits: Literal["windows", "all"] = "windows",
        format_rule: FormatRule | None = None,
        cohort_rule: CohortRule | None = None,
        rater: str | None = None,
        version: str | None = None,
        missing_rule: str = "published",
        population: Population = "analysed",
    ) -> Outcomes:
        """Return the outcome frame of one instrument, with the ledger of its making.

        Parameters
        ----------
        instrument : str, optional
            Default: the primary instrument of study.toml.
        visits : {"windows", "all"}
            One row per patient and visit (the assessment nearest to the target day), or one row per assessment.
        format_rule, cohort_rule : str, optional
            See :func:`kap_analysis.study.timing.time_zero.patients_at_time_zero`. Default: the rules of ``plan.toml``
            in the study folder; where there is none, ``planned`` and ``first``.
        rater, version : str, optional
            Must be said where the data hold several.
        missing_rule : {"published", "project"}
            For totals that are scored from items here.
        population : {"analysed", "started"}
            Of the patients with a format: ``analysed``: at least one ketamine session, a baseline and a later score.
            ``started``: at least one ketamine session (for multiple imputation).

        Raises
        ------
        StudyError
            If the instrument has no scores here, may not be an outcome, or rater or version must be chosen.
        """
        asked = (
            instrument or self.settings.primary_instrument,
            self._rules(format_rule, cohort_rule),
            rater,
            version,
            missing_rule,
        )
        made = self._frames.outcomes(asked, visits, population)
        of_study = self.populations() if self.visibility == "public" and not self.is_simulated else None
        return replace(made, frame=made.frame.copy(), folder=self.path, of_study=of_study)
