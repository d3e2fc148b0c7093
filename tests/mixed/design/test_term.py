"""What a term says of its columns."""

from kap_analysis.mixed.design.coding import make_coding
from kap_analysis.mixed.design.columns import Rows
from kap_analysis.mixed.design.term import Term
from tests.mixed.design.parts import part_of


def test_terms_say_their_columns_and_variables(frame):
    coding, _ = make_coding(part_of("visit*format + np.log(age)"), Rows.of(frame))
    assert coding.terms == (
        Term("Intercept", (0,), ()),
        Term("visit", (1, 2, 3), ("visit",)),
        Term("format", (4,), ("format",)),
        Term("np.log(age)", (5,), ("age",)),
        Term("visit:format", (6, 7, 8), ("visit", "format")),
    )
