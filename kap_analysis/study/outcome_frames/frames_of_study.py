"""The outcome frames of one study, each step made once: one run asks for the same ones many times."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kap_analysis.columns import BASELINE, FORMAT, PATIENT_ID, SCORE, VISIT
from kap_analysis.errors import StudyError
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.study.contract.settings import Settings
from kap_analysis.study.outcome_frames.outcomes import Outcomes
from kap_analysis.study.outcome_frames.placed_scores import PlacedScores, place_scores
from kap_analysis.study.outcome_frames.populations import count_populations
from kap_analysis.study.outcome_frames.scores import outcome_instrument
from kap_analysis.study.outcome_frames.study_outcomes import Population, make_outcomes, patient_facts
from kap_analysis.study.timing.plan_rules import Rules
from kap_analysis.study.timing.time_zero import patients_at_time_zero
from kap_analysis.study.timing.visit_windows import not_yet_due

#: Name, rules, rater, version, rule for missing items: what decides about the scores of an instrument.
Asked = tuple[str, Rules, str | None, str | None, str]


@dataclass(frozen=True, slots=True)
class FramesOfStudy:
    """What a study's frames are made of (see `Study`), and what was made of it so far."""

    tables: Mapping[str, pd.DataFrame]
    settings: Settings
    instruments: Mapping[str, Instrument]
    file: str
    rows: np.ndarray | None
    _at_zero: dict[Rules, pd.DataFrame] = field(default_factory=dict)
    _facts: dict[Rules, pd.DataFrame] = field(default_factory=dict)
    _placed: dict[Asked, PlacedScores] = field(default_factory=dict)
    _populations: dict[Rules, pd.DataFrame] = field(default_factory=dict)
    _outcomes: dict[tuple[Asked, str, Population], Outcomes] = field(default_factory=dict)

    def at_time_zero(self, rules: Rules) -> pd.DataFrame:
        """Patients as `patients_at_time_zero` tells of them; not to be changed."""
        if rules not in self._at_zero:
            self._at_zero[rules] = patients_at_time_zero(
                self.tables["patients"], self.tables["sessions"], **rules._asdict()
            )
        return self._at_zero[rules]

    def outcomes(self, asked: Asked, visits: str, population: Population) -> Outcomes:
        """Outcomes as `Study.outcomes` returns them; their frame is not to be changed."""
        key = (asked, visits, population)
        if key not in self._outcomes:
            rules = asked[1]
            placed, at_zero = self._scores(asked), self.at_time_zero(rules)
            counted = at_zero["started"] & at_zero[FORMAT].notna()
            if rules not in self._facts:
                self._facts[rules] = patient_facts(self.tables, at_zero)
            self._outcomes[key] = make_outcomes(
                placed,
                self._facts[rules],
                self.settings,
                at_zero,
                visits=visits,
                population=population,
                not_due=not_yet_due(self.tables["patients"][counted.to_numpy()], self.settings),
                file=self.file,
            )
        return self._outcomes[key]

    def populations(self, rules: Rules) -> pd.DataFrame:
        """The numbers of patients that come back in every result, as `count_populations` counts them."""
        if rules not in self._populations:
            try:
                asked = (self.settings.primary_instrument, rules, None, None, "published")
                scores = self.outcomes(asked, "windows", "analysed").frame
            except StudyError:
                scores = pd.DataFrame(columns=[PATIENT_ID, VISIT, SCORE, BASELINE])
            visit = self.settings.primary_visit
            self._populations[rules] = count_populations(self.at_time_zero(rules), scores, visit)
        return self._populations[rules]

    def _scores(self, asked: Asked) -> PlacedScores:
        if asked not in self._placed:
            name, rules, rater, version, missing_rule = asked
            self._placed[asked] = place_scores(
                self.tables,
                self.settings,
                outcome_instrument(name, self.instruments),
                self.at_time_zero(rules),
                format_rule=rules.format_rule,
                rater=rater,
                version=version,
                missing_rule=missing_rule,
                file=self.file,
                rows=self.rows,
            )
        return self._placed[asked]
