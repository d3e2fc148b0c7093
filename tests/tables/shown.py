"""What a test reads of a table: its cells below a heading, in a row, or in a row group."""


def column(table, heading, under=""):
    """The cells below a heading, under a spanner if one is named."""
    for found in table.layout.columns:
        spanner = table.layout.spanner_over(found.key)
        if found.heading == heading and (not under or (spanner and spanner.heading == under)):
            return list(table.cells[found.key])
    raise AssertionError(f"no column {heading} under {under}")


def rows(table):
    """The cells of every row, by the label of the row."""
    return {cells[0].strip(): cells[1:] for _, lines in table.row_groups() for cells in lines}


def lines(table, group=""):
    """The cells of the rows of one group, by the label of the row."""
    return {cells[0]: cells[1:] for cells in dict(table.row_groups())[group]}
