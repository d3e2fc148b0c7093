"""What a figure needs to know of an instrument: its name, its ends, its direction and its severity bands."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from kap_analysis.columns import INSTRUMENT
from kap_analysis.errors import FigureError, InstrumentError
from kap_analysis.instruments.facts import Band
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.registry import get_instrument
from kap_analysis.result_frames import levels_of
from kap_analysis.writing.escapes import visible
from kap_analysis.writing.sentences import join_words


@dataclass(frozen=True, slots=True)
class Scale:
    """One score axis. Ends are None and bands empty where nobody has established them."""

    name: str
    low: float | None = None
    high: float | None = None
    higher_is_better: bool = False
    bands: tuple[Band, ...] = ()
    direction_known: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", visible(self.name))

    @property
    def direction(self) -> str:
        """``"lower is better"``, or nothing if the direction is unknown."""
        if not self.direction_known:
            return ""
        return "higher is better" if self.higher_is_better else "lower is better"

    @property
    def axis_label(self) -> str:
        """Label of a score axis: name, ends and direction."""
        ends = "" if self.low is None or self.high is None else f"{self.low:g} to {self.high:g}"
        inside = ", ".join(part for part in (ends, self.direction) if part)
        return f"{self.name} score" + (f" ({inside})" if inside else "")

    @property
    def points(self) -> str:
        """The unit of a difference: "BDI-II points", or "points" of a scale that nobody knows."""
        return f"{self.name} points" if self.direction_known else "points"

    def in_disfavour(self, points: float) -> float:
        """Where a difference lies that is worse by so many points: above 0 if lower is better, else below."""
        return -points if self.higher_is_better else points

    def from_low_to_high(self, better: str, worse: str) -> tuple[str, str]:
        """Words for the two sides of an axis, from the lower scores to the higher."""
        return (worse, better) if self.higher_is_better else (better, worse)

    def band_edges(self) -> list[float]:
        """Edges of the bands, one more than there are bands, half way between the scores of two neighbours."""
        if not self.bands:
            return []
        inner = [(below.high + above.low) / 2 for below, above in pairwise(self.bands)]
        return [float(self.bands[0].low), *inner, float(self.bands[-1].high)]


def scale_of(instrument: Instrument | str | None, instruments: Iterable[Instrument] = ()) -> Scale:
    """The scale of an instrument given itself or by name.

    Parameters
    ----------
    instrument : Instrument, str or None
        A name is looked up first among ``instruments``, then in the registry; a name that neither knows gives a
        scale without ends, bands and direction. None gives a scale named "Score".
    instruments : iterable of Instrument
        Instruments of the study's own, which the registry does not know.
    """
    if instrument is None:
        return Scale("Total")
    if isinstance(instrument, str):
        own = {known.name: known for known in instruments}
        try:
            found = own[instrument] if instrument in own else get_instrument(instrument)
        except InstrumentError:
            return Scale(instrument)
        return scale_of(found)
    low, high = instrument.total_range or (None, None)
    try:
        bands = tuple(instrument.bands())
    except InstrumentError:
        bands = ()  # no band set is established: the figure is drawn without
    return Scale(
        name=instrument.name,
        low=low,
        high=high,
        higher_is_better=bool(instrument.higher_is_better),
        bands=bands,
        direction_known=instrument.higher_is_better is not None,
    )


def scale_of_one(instrument: Instrument | str | None, frame: pd.DataFrame | None, *, name: str, caller: str) -> Scale:
    """The scale of the instrument that was named, or else of the only one in the frame.

    Raises
    ------
    FigureError
        If the frame has several instruments.
    """
    found = only_instrument(frame, name=name, caller=caller)
    return scale_of(found if instrument is None else instrument)


def only_instrument(frame: pd.DataFrame | None, *, name: str, caller: str) -> str | None:
    """The name of the instrument of a frame, None if it names none; a FigureError if it has several."""
    found = levels_of(frame[INSTRUMENT]) if frame is not None and INSTRUMENT in frame.columns else []
    if len(found) > 1:
        raise FigureError(f"{caller} draws one instrument at a time, found {join_words(found)} in {name}=.")
    return str(found[0]) if found else None
