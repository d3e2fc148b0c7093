"""What a figure knows of a scale: its unit, its sides, and the one instrument of a frame."""

import pandas as pd
import pytest

from kap_analysis.errors import FigureError
from kap_analysis.figures.page.scales import only_instrument, scale_of, scale_of_one


@pytest.mark.parametrize(
    ("instrument", "points", "worse_by_three", "sides"),
    [
        ("BDI-II", "BDI-II points", 3.0, ("better", "worse")),
        ("WHO-5", "WHO-5 points", -3.0, ("worse", "better")),
        ("unheard of", "points", 3.0, ("better", "worse")),
        (None, "points", 3.0, ("better", "worse")),
    ],
)
def test_worse_lies_on_the_side_that_the_scale_says(instrument, points, worse_by_three, sides):
    scale = scale_of(instrument)
    assert scale.points == points
    assert scale.in_disfavour(3.0) == worse_by_three
    assert scale.from_low_to_high("better", "worse") == sides


def test_the_instrument_is_that_which_was_named_or_the_only_one_of_the_frame():
    frame = pd.DataFrame({"instrument": ["BDI-II", "BDI-II"]})
    asked = {"name": "means", "caller": "plot_means"}
    assert scale_of_one("WHO-5", frame, **asked).name == "WHO-5"
    assert scale_of_one(None, frame, **asked).name == "BDI-II"
    assert only_instrument(pd.DataFrame({"mean": [1.0]}), **asked) is None
    assert only_instrument(None, **asked) is None
    with pytest.raises(FigureError) as caught:
        scale_of_one("BDI-II", pd.DataFrame({"instrument": ["BDI-II", "WHO-5"]}), **asked)
    assert str(caught.value) == "plot_means draws one instrument at a time, found BDI-II and WHO-5 in means=."
