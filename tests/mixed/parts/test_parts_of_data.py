"""Where rows lie: paths, row groups, partitions; and what is no such thing."""

import subprocess
import sys

import joblib
import pandas as pd
import pytest

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from kap_analysis.mixed.parts.parts_of_data import FramePart, ParquetPart, is_in_parts, parts_of
from tests.mixed.parts.written import cut, write_parts
from tests.mixed.summed import MODELS, assert_same_fit, made_up

VISITS = "score ~ visit*base + us(visit | patient)"


def names_of(part):
    return tuple(part.read(("patient", "visit"))["patient"])


def test_a_path_is_in_parts_and_a_table_is_not(tmp_path):
    assert is_in_parts("scores") and is_in_parts(tmp_path)
    assert not is_in_parts(made_up())


def test_the_files_of_a_folder_come_in_the_order_of_their_numbers(tmp_path):
    frame = made_up()
    write_parts(tmp_path, cut(frame, every=len(frame) // 11))
    (tmp_path / "_metadata").write_text("not rows")
    parts = parts_of(tmp_path, ("patient",)).parts
    read = [name for part in parts for name in names_of(part)]
    assert len(parts) == 12
    assert read == frame["patient"].tolist()


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "There is no file or folder"), ("", "holds no file that ends in .parquet")],
)
def test_a_path_without_parquet_is_one_sentence(content, says, tmp_path):
    path = tmp_path / "scores"
    if content is not None:
        path.mkdir()
        (path / "scores.csv").write_text(content)
    with pytest.raises(MixedModelError, match=says):
        mixedlm(VISITS, path)


def test_a_file_that_is_no_parquet_is_named(tmp_path):
    path = tmp_path / "scores.csv"
    path.write_text("patient,score\n1,2\n")
    with pytest.raises(MixedModelError, match=r"scores\.csv cannot be read as Parquet.*read the file yourself"):
        mixedlm(VISITS, path)


def test_a_column_that_a_file_lacks_is_named_with_the_file(tmp_path):
    frame = made_up()
    folder = write_parts(tmp_path, [frame, frame.drop(columns="base")])
    with pytest.raises(MixedModelError, match=r"no column 'base' in .*part\.1\.parquet"):
        mixedlm(VISITS, folder).fit()


def test_a_column_that_is_words_here_and_numbers_there_is_named(tmp_path):
    frame = made_up()
    frames = [frame.iloc[:100], frame.iloc[100:].assign(patient=range(len(frame) - 100))]
    with pytest.raises(MixedModelError, match="patient holds words in some parts and numbers in others"):
        mixedlm(VISITS, write_parts(tmp_path, frames)).fit()


def test_an_index_that_has_the_name_of_a_column_is_read(tmp_path):
    frame = made_up()
    part = FramePart(frame.set_index("patient"))
    assert names_of(part) == tuple(frame["patient"])
    frame.set_index("patient").to_parquet(tmp_path / "one.parquet")
    assert names_of(ParquetPart(str(tmp_path / "one.parquet"), 0)) == tuple(frame["patient"])


@pytest.mark.slow
def test_nothing_of_dask_is_imported_unless_its_data_are_given(tmp_path):
    folder = write_parts(tmp_path / "scores", cut(made_up(), every=100))
    text = (
        "import sys, kap_analysis.cli.main; from kap_analysis.mixed.model import mixedlm; "
        f"mixedlm({VISITS!r}, {str(folder)!r}).fit(); "
        "print([name for name in sys.modules if name.partition('.')[0] in ('dask', 'distributed')])"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_parts_that_are_summed_side_by_side_give_the_same_bytes(backend, tmp_path):
    folder = write_parts(tmp_path, cut(made_up(), every=50))
    alone = mixedlm(VISITS, folder).fit().coefficients()
    with joblib.parallel_config(backend, n_jobs=2):
        assert mixedlm(VISITS, folder).fit().coefficients().equals(alone)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["random slope", "visits alone"])
def test_a_dask_frame_gives_the_fit_of_all_rows(name):
    dd = pytest.importorskip("dask.dataframe", reason="Dask is not installed: pip install kap-analysis[cluster]")
    formula, by, weights = MODELS[name]
    frame = made_up()
    data = dd.from_pandas(frame, npartitions=5)
    found = mixedlm(formula, data, residual_by=by, weights=weights).fit()
    assert_same_fit(found, mixedlm(formula, frame, residual_by=by, weights=weights).fit())


@pytest.mark.slow
def test_the_index_of_a_dask_frame_counts_as_a_column():
    dd = pytest.importorskip("dask.dataframe", reason="Dask is not installed: pip install kap-analysis[cluster]")
    frame = made_up()
    data = dd.from_pandas(frame, npartitions=4).set_index("patient")
    assert_same_fit(mixedlm(VISITS, data).fit(), mixedlm(VISITS, frame).fit())
    with pytest.raises(MixedModelError, match="Did you mean 'visit'"):
        mixedlm("score ~ visits + (1 | patient)", data)
    with pytest.raises(MixedModelError, match="found a Series"):
        mixedlm("score ~ visit + (1 | patient)", data["score"])


@pytest.mark.slow
def test_a_dask_frame_with_categories_of_columns_that_are_not_read_is_fitted():
    """Dask loses what `categorize()` did where columns are left out, and ends in a KeyError of its own."""
    dd = pytest.importorskip("dask.dataframe", reason="Dask is not installed: pip install kap-analysis[cluster]")
    frame = made_up()
    data = dd.from_pandas(frame, npartitions=4).categorize(columns=["visit", "practice"])
    assert_same_fit(mixedlm(VISITS, data).fit(), mixedlm(VISITS, frame).fit())


def test_a_part_says_its_name_when_a_column_stands_in_it_twice():
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(MixedModelError, match="the rows has 2 columns named 'a'"):
        FramePart(frame).read(("a",))
