"""The model that all practices agree on after the counts, and the rows of one practice as that model takes them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from kap_analysis.analysis.change.trajectories import growth_rows
from kap_analysis.analysis.formats import recorded_words
from kap_analysis.analysis.model.covariates import share_columns
from kap_analysis.analysis.model.model_frame import IN_COHORT, NOT_IN_COHORT, cohort_of_one
from kap_analysis.columns import (
    BASELINE,
    COHORT_ID,
    FORMAT,
    GROUP,
    INDIVIDUAL,
    IS_GROUP,
    MONTH,
    PATIENT_ID,
    SCORE,
    VISIT,
)
from kap_analysis.mixed.design.design import Design
from kap_analysis.mixed.design.given_levels import design_with_levels
from kap_analysis.pooling.filled_covariates import KnownOfPatients, Regression
from kap_analysis.pooling.pooling_plan import PRIMARY
from kap_analysis.study.outcome_frames.outcomes import Outcomes

#: The patients' own columns of the frame, which every model takes beside the covariates.
ROWS = (PATIENT_ID, COHORT_ID, FORMAT, VISIT, SCORE, BASELINE)


@dataclass(frozen=True)
class AgreedModel:
    """The model of all practices.

    Attributes
    ----------
    question : str
        As in the plan.
    formula : str
        Without the practices: each takes out its own intercept.
    residual_by : str or None
    formats, visits : tuple of str
        As far as they are modelled.
    categories : mapping
        Of each category among the covariates: its levels in order, and the level that each word of the closed list is
        counted as.
    numbers : tuple of str
        The numbers among the covariates.
    incomplete : mapping
        Of each covariate that was not recorded for everybody: its columns, with their means over all patients.
    regressions : tuple of Regression
        What stands in their place.
    """

    question: str
    formula: str
    residual_by: str | None
    formats: tuple[str, ...]
    visits: tuple[str, ...]
    categories: Mapping[str, Mapping[str, Any]]
    numbers: tuple[str, ...]
    incomplete: Mapping[str, Mapping[str, float]]
    regressions: tuple[Regression, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a request."""
        return {**asdict(self), "formats": list(self.formats), "visits": list(self.visits)}

    @property
    def levels(self) -> dict[str, tuple[str, ...]]:
        """The levels of every factor, of the visits and of the strata."""
        own = {name: tuple(one["levels"]) for name, one in self.categories.items() if name not in self.incomplete}
        return {FORMAT: self.formats, VISIT: self.visits, "nesting": (IN_COHORT, NOT_IN_COHORT), **own}

    @property
    def n_known(self) -> tuple[int, int]:
        """Columns that are known of everybody, and those of baseline and format among them."""
        few = len(self.formats)
        own = {name: len(self.levels[name]) - 1 if name in self.levels else 1 for name in self.covariates}
        return few + sum(n for name, n in own.items() if name not in self.incomplete), few

    @property
    def asked(self) -> tuple[Regression, ...]:
        """The regressions whose sums are not known yet."""
        return tuple(one for one in self.regressions if not one.is_known)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Categories and numbers."""
        return *self.categories, *self.numbers

    def design(self, frame: pd.DataFrame) -> Design:
        """The design on the rows of one practice."""
        return design_with_levels(self.formula, frame, self.levels, residual_by=self.residual_by)

    def empty_design(self) -> Design:
        """The columns and the covariance without rows."""
        read = design_columns(self)
        return self.design(pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in read.items()}))

    @property
    def settings(self) -> list[dict[str, Any]]:
        """What every patient is set to for the averaged rows: each format at each visit, or before and after a step."""
        if self.question == PRIMARY:
            at: list[dict[str, Any]] = [{VISIT: visit} for visit in self.visits] if len(self.visits) > 1 else [{}]
        else:
            at = [{"early": 0.0, "late": 0.0}, {"early": 1.0, "late": 0.0}, {"early": 0.0, "late": 1.0}]
        return [{FORMAT: name, **one} for one in at for name in self.formats]


def design_columns(model: AgreedModel) -> dict[str, str]:
    """The columns that the formula reads, and what they hold."""
    words = {*model.levels, PATIENT_ID, COHORT_ID}
    from_formula = [SCORE, BASELINE, "early", "late", "group_early", IS_GROUP, "is_individual", "in_cohort"]
    numbers = [*model.numbers, *(name for own in model.incomplete.values() for name in own)]
    return {**dict.fromkeys(words, "object"), **dict.fromkeys([*from_formula, *numbers], "float64")}


def usable_rows(outcomes: Outcomes, question: str, visits: tuple[str, ...]) -> pd.DataFrame:
    """The rows that can be modelled, with the covariates as they are; no row is an error of the caller."""
    frame = outcomes.frame
    if question != PRIMARY:
        return frame.dropna(subset=[SCORE, FORMAT, MONTH]).reset_index(drop=True)
    there = frame[VISIT].astype("str").isin(visits) & frame[[SCORE, FORMAT, BASELINE]].notna().all(axis=1)
    return frame[there].reset_index(drop=True)


def _column(rows: pd.DataFrame, name: str) -> pd.Series:
    """A covariate; missing for everybody where the practice does not record it."""
    return rows[name] if name in rows else pd.Series(np.nan, rows.index, name=name)


def model_rows(rows: pd.DataFrame, model: AgreedModel) -> pd.DataFrame:
    """The rows of one practice with every column of the model."""
    if model.question != PRIMARY:
        return growth_rows(rows, model.formats, bends=" late" in model.formula)
    words = rows[FORMAT].astype("str")
    cohort = rows[COHORT_ID].astype("object") if COHORT_ID in rows else pd.Series(None, rows.index, dtype="object")
    nested = cohort.notna() & (words != INDIVIDUAL)
    out = rows.assign(is_group=(words == GROUP).astype(float), is_individual=(words == INDIVIDUAL).astype(float))
    out[FORMAT], out[VISIT] = words, rows[VISIT].astype("str")
    out["in_cohort"], out["nesting"] = nested.astype(float), np.where(nested, IN_COHORT, NOT_IN_COHORT)
    out[COHORT_ID] = cohort.where(nested, cohort_of_one(rows[PATIENT_ID]))
    return out.assign(**_covariates(out, model))


def _covariates(rows: pd.DataFrame, model: AgreedModel) -> dict[str, np.ndarray | pd.Series]:
    """The covariates of each row; where they were not recorded their expected values, before these are known means."""
    people = rows[~rows.duplicated(PATIENT_ID)]
    patients = known_of_patients(people, model)
    place = pd.Index(people[PATIENT_ID]).get_indexer(pd.Index(rows[PATIENT_ID]))
    out = {name: values.iloc[place].set_axis(rows.index) for name, values in _complete(people, model).items()}
    filled = {name: values.copy() for name, values in patients.values.items()}
    for one in model.regressions:
        if one.is_known:
            patients.fill(one, filled)
    for name, values in filled.items():
        means = np.array(list(model.incomplete[name].values()))
        whole = np.where(np.isnan(values), means, values)
        out |= {column: whole[place, at] for at, column in enumerate(model.incomplete[name])}
    return out


def known_of_patients(people: pd.DataFrame, model: AgreedModel) -> KnownOfPatients:
    """One row per patient as the regressions take them."""
    values = {}
    for name, own in model.incomplete.items():
        if name in model.numbers:
            values[name] = _column(people, name).to_numpy(float)[:, None]
            continue
        category = model.categories[name]
        words = _column(people, name).astype("object").map(str, na_action="ignore").map(category["of"])
        shares = share_columns(name, category["levels"])
        told = np.column_stack([words.eq(shares[column]).astype(float) for column in own])
        values[name] = np.where(words.isna().to_numpy()[:, None], np.nan, told)
    others = pd.DataFrame(
        {
            name: pd.Categorical(one, model.levels[name]) if name in model.levels else one
            for name, one in _complete(people, model).items()
        },
        index=people.index,
    )
    return KnownOfPatients.of(people, model.formats, others, values)


def _complete(people: pd.DataFrame, model: AgreedModel) -> dict[str, pd.Series]:
    """The covariates that every practice recorded of everybody."""
    words = {
        name: recorded_words(_column(people, name)).map(one["of"])
        for name, one in model.categories.items()
        if name not in model.incomplete
    }
    numbers = {name: _column(people, name).astype(float) for name in model.numbers if name not in model.incomplete}
    return {**words, **numbers}
