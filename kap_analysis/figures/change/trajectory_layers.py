"""What lies on top of what in a figure of trajectories: patients, observed means, model curves, adjusted means."""

from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from kap_analysis.columns import CI_HIGH, CI_LOW, ESTIMATE, FORMAT, PATIENT_ID, SCORE
from kap_analysis.figures.page.frames import numbers_of, rows_of
from kap_analysis.writing.small_numbers import FEWEST, is_enough


@dataclass(frozen=True, slots=True)
class Layers:
    """The frames of a figure or of one of its panels; a layer that was not given is None."""

    adjusted: pd.DataFrame | None = None
    means: pd.DataFrame | None = None
    curves: pd.DataFrame | None = None
    patients: pd.DataFrame | None = None

    @property
    def frames(self) -> list[pd.DataFrame]:
        """The layers that were given."""
        return [frame for one in fields(self) if (frame := getattr(self, one.name)) is not None]

    @property
    def leading(self) -> tuple[pd.DataFrame, str]:
        """The layer that is read first, and the column of its values."""
        for frame, column in ((self.adjusted, ESTIMATE), (self.means, "mean"), (self.curves, ESTIMATE)):
            if frame is not None:
                return frame, column
        raise ValueError("a figure of trajectories has adjusted means, observed means or curves")

    @property
    def by_visit(self) -> pd.DataFrame | None:
        """The layer whose numbers of patients stand under the axis."""
        return self.adjusted if self.adjusted is not None else self.means

    @property
    def named(self) -> tuple[pd.DataFrame, str]:
        """The layer at whose ends the formats are named, and the column of its values."""
        return (self.curves, ESTIMATE) if self.adjusted is None and self.curves is not None else self.leading

    @property
    def has_numbers(self) -> bool:
        """Whether anything but lines of patients can be drawn."""
        given = ((self.adjusted, ESTIMATE), (self.means, "mean"), (self.curves, ESTIMATE))
        return any(bool(np.isfinite(numbers_of(frame, value)).any()) for frame, value in given if frame is not None)

    def of_level(self, column: str | None, level: object) -> "Layers":
        """The rows of one panel; a frame without the column stays whole."""
        if column is None:
            return self
        kept = {
            one.name: frame[frame[column] == level]
            for one in fields(self)
            if (frame := getattr(self, one.name)) is not None and column in frame.columns
        }
        return replace(self, **kept)

    def of_formats(self, formats: list[str]) -> "Layers":
        """The rows of formats, without those of everybody."""
        kept = {
            name: frame[frame[FORMAT].astype(str).isin(formats)]
            for name in ("adjusted", "means", "curves")
            if (frame := getattr(self, name)) is not None
        }
        return replace(self, **kept)

    def draws_curve(self, care_format: str) -> bool:
        """Whether the patients of the panel are enough for a curve of the format."""
        if self.curves is None:
            return False
        if self.patients is not None and not self.patients.empty:
            return bool(rows_of(self.patients, care_format)[PATIENT_ID].nunique() >= FEWEST)
        return bool(is_enough(rows_of(self.curves, care_format)).all())

    def ends(self) -> np.ndarray:
        """Ends of the intervals and bands that are drawn."""
        shown = [frame[is_enough(frame)] for frame in (self.adjusted, self.means) if frame is not None]
        if self.adjusted is not None:
            shown = shown[:1]
        if self.curves is not None:
            shown += [rows_of(self.curves, name) for name in set(self.curves[FORMAT]) if self.draws_curve(str(name))]
        columns = [numbers_of(frame, end) for frame in shown for end in (CI_LOW, CI_HIGH)]
        return np.concatenate(columns) if columns else np.array([])

    def values(self) -> np.ndarray:
        """Everything that is drawn along the score axis; with lines of patients, their scores and the means."""
        points = [
            numbers_of(frame, column)
            for frame, column in ((self.adjusted, ESTIMATE), (self.means, "mean"), (self.patients, SCORE))
            if frame is not None
        ]
        if self.curves is not None:
            points += [
                numbers_of(rows_of(self.curves, n), ESTIMATE)
                for n in set(self.curves[FORMAT])
                if self.draws_curve(str(n))
            ]
        if self.patients is None:
            points.append(self.ends())
        return np.concatenate(points) if points else np.array([])

    @property
    def leaves_out(self) -> bool:
        """Whether an interval or a curve is left out because it would be of too few patients."""
        few = any(
            bool((~is_enough(frame) & np.isfinite(numbers_of(frame, column))).any())
            for frame, column in ((self.adjusted, ESTIMATE), (self.means, "mean"))
            if frame is not None
        )
        curves = self.curves
        return few or (curves is not None and any(not self.draws_curve(str(name)) for name in set(curves[FORMAT])))
