"""Response and remission by stated criteria."""

import pandas as pd

from kap_analysis import tables


def test_criteria_name_their_source(every_table):
    table = every_table["criteria"]
    assert table.row_groups()[0][1][2] == ("Group", "18/54 (33%)", "21% to 46%", "18/90 (20%)")
    assert table.notes[-1] == "Response: 50% improvement or more: a convention."
    both = pd.concat([table.raw.assign(side="better"), table.raw.assign(side="worse")], ignore_index=True)
    groups = [group for group, _ in tables.table_criteria(criteria=both).row_groups()]
    assert groups == [f"Response: 50% improvement or more ({side})" for side in ("improved", "worsened")]
