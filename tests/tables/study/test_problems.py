"""Problems of a study folder."""

from kap_analysis import tables
from tests.tables.shown import rows


def test_problems_show_the_first_and_keep_all(every_table, counts):
    table = tables.table_problems(problems=counts["problems"], most=2)
    assert table.notes[0] == "The first 2 of 3 problems."
    assert len(table.cells) == 2
    assert len(table.raw) == 3
    assert "'=99" in table.to_csv()


def test_no_problem_is_an_answer(counts):
    table = tables.table_problems(problems=counts["problems"].iloc[:0])
    assert rows(table) == {"No problem was found.": ()}
    assert table.to_csv() == "file,row,column,found,expected,message\n"
