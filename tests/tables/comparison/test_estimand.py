"""The estimand in its five attributes, and the rules of the plan."""

import pytest

from kap_analysis import tables
from kap_analysis.errors import TableError
from tests.tables.shown import rows


def test_estimand_names_the_missing_attribute(plan):
    assert rows(tables.table_estimand(plan=plan))["Margin"][0].startswith("None was stated")
    margin = {"points": 3.0, "source": "consensus meeting", "date": "2026-01-10"}
    shown = rows(tables.table_estimand(plan=plan | {"margin": margin}))
    assert shown["Margin"] == ("3.0 points (consensus meeting, 2026-01-10)",)
    with pytest.raises(TableError) as caught:
        tables.table_estimand(plan={"instrument": "BDI-II", "visit": "month 3", "population": "all"})
    assert str(caught.value) == ("table_estimand needs switching in plan=; found instrument, visit and population.")
