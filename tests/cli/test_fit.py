"""``kap fit``: the numbers of the engine as JSON, and bad input in one line."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from kap_analysis.cli import main
from kap_analysis.cli.fit import Ddf
from kap_analysis.mixed.coefficients.fixed_effects import DDF_METHODS
from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm
from tests.mixed.reference_values import r_term, read_json
from tests.places import PAIRS

KEYS = [
    "n_observations",
    "criterion",
    "loglik",
    "aic",
    "bic",
    "converged",
    "singular",
    "coefficients",
    "variance_components",
    "residual",
]
ESTIMATE = ["term", "estimate", "std_error", "df", "statistic", "p_value", "ci_low", "ci_high"]
VARIANCE = ["grouping", "term1", "term2", "variance", "sd", "correlation"]
FORMULA = "score ~ visit*format + (1 | patient) + (0 + is_group | cohort)"


@pytest.fixture
def scores():
    """40 patients at 3 visits; half of them in cohorts of 4."""
    draws = np.random.default_rng(7)
    patient = np.repeat(np.arange(40), 3)
    group = (patient < 20).astype(int)
    cohort = np.where(group == 1, patient // 4, 0)
    score = 20 + 2 * draws.standard_normal(40)[patient] + group * draws.standard_normal(5)[cohort]
    return pd.DataFrame(
        {
            "patient": patient,
            "format": np.where(group == 1, "group", "individual"),
            "is_group": group,
            "cohort": [f"c{c}" if g else None for c, g in zip(cohort, group, strict=True)],
            "visit": np.tile([1, 2, 10], 40),
            "score": score + 3 * draws.standard_normal(120),
        }
    )


@pytest.fixture
def kap(monkeypatch, capsys):
    """Run ``kap fit`` in this process: exit code, standard output, standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["kap", "fit", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main.run()
        streams = capsys.readouterr()
        return end.value.code or 0, streams.out, streams.err

    return run


@pytest.fixture
def written(scores, tmp_path):
    path = tmp_path / "scores.csv"
    scores.to_csv(path, index=False)
    return path


def test_the_json_is_the_fit(kap, scores, written):
    code, out, err = kap(written, FORMULA, "--reference", "format=individual", "--categorical", "visit", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    frame = scores.assign(
        visit=pd.Categorical(scores["visit"]), format=pd.Categorical(scores["format"], ["individual", "group"])
    )
    fit = mixedlm(FORMULA, frame).fit()
    assert list(found) == KEYS
    assert found["n_observations"] == 120
    for name, value in {"criterion": fit.criterion, "loglik": fit.llf, "aic": fit.aic, "bic": fit.bic}.items():
        assert found[name] == pytest.approx(value, abs=1e-9)
    assert (found["converged"], found["singular"]) == (fit.converged, fit.singular)
    assert [list(row) for row in found["coefficients"]] == [ESTIMATE] * 6
    assert [row["term"] for row in found["coefficients"]] == [
        "Intercept", "visit[T.2]", "visit[T.10]", "format[T.group]",
        "visit[T.2]:format[T.group]", "visit[T.10]:format[T.group]",
    ]  # fmt: skip
    assert pd.DataFrame(found["coefficients"])[ESTIMATE[1:]].to_numpy() == pytest.approx(
        fit.coefficients()[ESTIMATE[1:]].to_numpy(), rel=1e-9
    )
    assert [list(row) for row in found["variance_components"]] == [VARIANCE] * 2
    assert [(row["grouping"], row["term1"], row["term2"]) for row in found["variance_components"]] == [
        ("patient", "(Intercept)", None), ("cohort", "is_group", None),
    ]  # fmt: skip
    assert found["residual"][0]["variance"] == pytest.approx(fit.theta["residual"])


def test_options_reach_the_fit(kap, scores, written):
    code, out, _ = kap(
        written, "score ~ visit + (1 | patient)", "--ml", "--residual-by", "format", "--ddf", "normal",
        "--level", "0.9", "--json",
    )  # fmt: skip
    assert code == 0
    found = json.loads(out)
    fit = mixedlm("score ~ visit + (1 | patient)", scores, residual_by="format").fit(reml=False, ddf="normal")
    assert found["criterion"] == pytest.approx(fit.criterion)
    assert [row["df"] for row in found["coefficients"]] == [None, None]
    assert [row["ci_low"] for row in found["coefficients"]] == pytest.approx(
        fit.coefficients(level=0.9)["ci_low"].tolist()
    )
    assert [row["stratum"] for row in found["residual"]] == ["group", "individual"]


def test_every_df_method_of_the_engine_can_be_asked_for():
    assert tuple(one.value for one in Ddf) == DDF_METHODS


def test_without_json_it_reads_as_a_table(kap, written):
    code, out, err = kap(written, FORMULA)
    assert (code, err) == (0, "")
    assert "format[T.individual]" in out and "cohort" in out and "{" not in out


def test_a_parquet_file_gives_the_same(kap, scores, written, tmp_path):
    scores.to_parquet(tmp_path / "scores.parquet")
    assert kap(tmp_path / "scores.parquet", FORMULA, "--json") == kap(written, FORMULA, "--json")


def test_rows_left_out_are_counted_on_standard_error(kap, scores, tmp_path):
    scores["visit"] = scores["visit"].astype(float).mask(scores.index < 2)
    scores["score"] = scores["score"].mask(scores.index == 5)
    scores.to_csv(tmp_path / "holes.csv", index=False, na_rep="NA")
    code, out, err = kap(tmp_path / "holes.csv", FORMULA, "--categorical", "visit", "--json")
    assert code == 0
    assert err == "kap: 3 of 120 rows are left out for missing values: score in 1, visit in 2.\n"
    found = json.loads(out)
    assert found["n_observations"] == 117
    assert found["coefficients"][1]["term"] == "visit[T.2]"


def test_warnings_stand_on_standard_error(kap, scores, tmp_path):
    scores.assign(twice=2 * scores["is_group"]).to_csv(tmp_path / "twice.csv", index=False)
    code, out, err = kap(tmp_path / "twice.csv", "score ~ is_group + twice + (1 | patient)", "--json")
    assert code == 0
    assert len(json.loads(out)["coefficients"]) == 2
    (line,) = err.splitlines()
    assert line.startswith("kap: warning: ") and "twice" in line


def test_names_in_backticks_may_be_of_any_alphabet(kap, scores, tmp_path):
    renamed = scores.rename(columns={"score": "Größe (cm)", "visit": "визит"})
    renamed.to_csv(tmp_path / "names.csv", index=False)
    code, out, _ = kap(tmp_path / "names.csv", "`Größe (cm)` ~ `визит` + (1 | patient)", "--json")
    assert code == 0
    assert [row["term"] for row in json.loads(out)["coefficients"]] == ["Intercept", "визит"]


def test_true_and_false_are_0_and_1_and_codes_keep_their_zeros(kap, scores, tmp_path):
    other = scores.assign(
        is_group=scores["is_group"].map({1: "TRUE", 0: "FALSE"}), patient=[f"{p:03d}" for p in scores["patient"]]
    )
    other.to_csv(tmp_path / "words.csv", index=False)
    scores.to_csv(tmp_path / "numbers.csv", index=False)
    words, numbers = (json.loads(kap(tmp_path / f"{n}.csv", FORMULA, "--json")[1]) for n in ("words", "numbers"))
    assert words["criterion"] == pytest.approx(numbers["criterion"], rel=1e-12)
    for row, other_row in zip(words["coefficients"], numbers["coefficients"], strict=True):
        assert row["term"] == other_row["term"]
        assert row["estimate"] == pytest.approx(other_row["estimate"], rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["scor ~ visit + (1 | patient)"], "There is no column 'scor' in the data. Did you mean 'score'?"),
        (["score ~ visit + (1 | `pat`)"], "There is no column 'pat' in the data. Did you mean 'patient'?"),
        (
            [FORMULA, "--reference", "format=alone"],
            "format has no level 'alone'; its levels are group, individual.",
        ),
        (
            [FORMULA, "--reference", "visit=3", "--categorical", "visit"],
            "visit has no level '3'; its levels are 1, 2, 10.",
        ),
        (
            [FORMULA, "--reference", "visit=1"],
            "visit holds numbers, which have no reference level; add --categorical visit.",
        ),
        ([FORMULA, "--categorical", "visits"], "There is no column 'visits'. Did you mean 'visit'?"),
        (
            [FORMULA, "--ml", "--ddf", "kenward-roger"],
            "Kenward-Roger is defined for REML; found reml=False. Use ddf='satterthwaite', or fit by REML.",
        ),
    ],
)
def test_what_the_data_do_not_allow_is_one_line_and_exit_1(kap, written, arguments, sentence):
    assert kap(written, *arguments) == (1, "", f"kap: {sentence}\n")


@pytest.mark.parametrize(
    "formula",
    [
        "score ~ {{open('{0}', 'w')}} + (1 | patient)",
        "score ~ visit.to_csv('{0}') + (1 | patient)",
        "score ~ open('{0}', 'w') + (1 | patient)",
        "score ~ np.save('{0}', visit) + (1 | patient)",
        "score ~ I(open('{0}', 'w')) + (1 | patient)",
        "score ~ visit + (0 + open('{0}', 'w') | patient)",
        "open('{0}', 'w') ~ visit + (1 | patient)",
        "score ~ visit + us(open('{0}', 'w') | patient)",
        "score ~ C(visit, contr.treatment.__init__('{0}')) + (1 | patient)",
        "score ~ (lambda: open('{0}', 'w'))() + (1 | patient)",
    ],
)
def test_a_formula_cannot_run_code(kap, written, tmp_path, formula):
    target = tmp_path / "made.txt"
    code, out, err = kap(written, formula.format(target))
    assert (code, out) == (1, "")
    assert err.startswith("kap: The formula ")
    assert not target.exists()


def test_a_column_whose_name_is_code_is_a_column(kap, scores, tmp_path):
    target = tmp_path / "made.txt"
    name = f"open('{target}','w')"
    scores.assign(**{name: np.arange(120) % 7}).to_csv(tmp_path / "code.csv", index=False)
    code, out, _ = kap(tmp_path / "code.csv", f"score ~ I(`{name}` / 2) + `{name}`:visit + (1 | patient)", "--json")
    assert code == 0
    assert len(json.loads(out)["coefficients"]) == 3
    assert not target.exists()


def test_a_formula_that_does_not_parse_points_at_the_character(kap, written):
    assert kap(written, "score ~ visit + (1 | patient") == (
        1,
        "",
        "kap: The formula does not parse at character 17: '(' is never closed.\n"
        "  score ~ visit + (1 | patient\n"
        "                  ^\n",
    )


@pytest.mark.parametrize(
    "arguments", [["--reference", "format"], ["--level", "95"], ["--ddf", "kr"], ["--residual"], ["another"]]
)
def test_misuse_is_exit_2(kap, written, arguments):
    code, out, _ = kap(written, FORMULA, *arguments)
    assert (code, out) == (2, "")


def test_no_file_is_misuse(kap, tmp_path):
    code, out, err = kap(tmp_path / "none.csv", FORMULA)
    assert (code, out) == (2, "")
    assert "found nothing at" in err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "d.csv: found an empty file; expected a header line and one line per row."),
        (b"y,x,g\n", "d.csv: found no rows below the header; expected one row per observation."),
        (
            b"y;x;g\n1;2;3\n",
            "d.csv: found cells separated by semicolons; expected a CSV file in UTF-8 with commas between the cells.",
        ),
        (
            b"PK\x03\x04\x00",
            "d.csv: found an Excel workbook or a ZIP file; expected a CSV file in UTF-8 with commas between the cells.",
        ),
        (
            b"y,x,g\n1,2,\xe9\n",
            "d.csv, row 2: found the byte 0xE9, which is not UTF-8 (Windows-1252, Latin-1 or another encoding); "
            "expected a CSV file in UTF-8 with commas between the cells (in Excel: save as CSV UTF-8).",
        ),
        (
            b"y,x,g,x\n1,2,3,4\n",
            "d.csv: found the column name 'x' more than once (columns 2, 4); expected one column of each name. "
            "Rename or remove the others.",
        ),
        (
            b"y,x,g\n1,2,3\n1,2\n1,5,2,3\n",
            "d.csv, row 3: found 2 cells; expected 3 cells, as in the header. And 1 more problem like it.",
        ),
        (b"no table at all\nhere\n", "There is no column 'y' in the data. There are: no table at all."),
    ],
)
def test_a_file_that_is_no_table_is_one_line(kap, tmp_path, content, sentence):
    (tmp_path / "d.csv").write_bytes(content)
    assert kap(tmp_path / "d.csv", "y ~ x + (1 | g)") == (1, "", f"kap: {sentence}\n")


def test_a_file_that_is_no_parquet_is_one_line(kap, tmp_path):
    (tmp_path / "d.parquet").write_text("y,x\n1,2\n")
    assert kap(tmp_path / "d.parquet", "y ~ x") == (
        1, "", "kap: d.parquet: found a file that cannot be read as Parquet (ArrowInvalid).\n",
    )  # fmt: skip


@pytest.mark.parametrize("method", ["satterthwaite", "kenward-roger"])
def test_the_primary_model_from_the_shell_is_that_of_glmmtmb(kap, method):
    known = read_json(PAIRS, "primary_model")
    code, out, err = kap(
        PAIRS / "partial.csv", known["formula"], "--reference", "format=individual", "--categorical", "visit",
        "--ddf", method, "--json",
    )  # fmt: skip
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["criterion"] == pytest.approx(known["reml_criterion"], abs=1e-5)
    terms = {r_term(row["term"]): row for row in found["coefficients"]}
    for row in known["coefficients"]:
        here = terms[row["term"]]
        assert abs(here["estimate"] - row["estimate"]) < 1e-5 * row["std_error"]
        if method == "satterthwaite":
            assert here["std_error"] == pytest.approx(row["std_error"], rel=1e-5)
        else:
            assert here["std_error"] >= row["std_error"] * (1 - 1e-5)
    assert found["variance_components"][0]["variance"] == pytest.approx(known["cohort_variance"], rel=1e-4)
    assert [row["variance"] for row in found["residual"] if row["stratum"] == "group" and row["visit2"] is None] == (
        pytest.approx(np.diag(known["covariance"]["group"]), rel=1e-4)
    )


# Ids


@pytest.fixture
def long_ids(scores):
    """Ids of 17 digits: as 64-bit floats every second one is its neighbour."""
    return scores.assign(patient=[str(10**16 + p) for p in scores["patient"]])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_long_ids_stay_apart_beside_a_missing_one(kap, long_ids, tmp_path, kind):
    long_ids.loc[5, "patient"] = None
    path = tmp_path / f"ids.{kind}"
    if kind == "csv":
        long_ids.to_csv(path, index=False)
    else:
        long_ids.astype({"patient": "Int64"}).to_parquet(path)
    code, out, err = kap(path, "score ~ format + (1 | patient)")
    assert code == 0
    assert "\nGroups                        patient 40\n" in out
    assert err == "kap: 1 of 120 rows are left out for missing values: patient in 1.\n"


def test_ids_are_text_and_never_numbers(kap, scores, tmp_path):
    """1.1 and 1.10 are two patients."""
    ids = [f"{1 + p // 20}.{1 + p % 20}" for p in scores["patient"]]
    scores.assign(patient=ids).to_csv(tmp_path / "dots.csv", index=False)
    scores.assign(patient=[f"p{one}" for one in ids]).to_csv(tmp_path / "words.csv", index=False)
    done = kap(tmp_path / "dots.csv", FORMULA, "--json")
    assert done[0] == 0
    assert done == kap(tmp_path / "words.csv", FORMULA, "--json")


def test_the_left_side_is_evaluated(kap, scores, tmp_path):
    scores.assign(baseline=np.arange(120) % 11, change=scores["score"] - np.arange(120) % 11).to_csv(
        tmp_path / "change.csv", index=False
    )
    difference, column = (
        json.loads(kap(tmp_path / "change.csv", f"{left} ~ visit + (1 | patient)", "--json")[1])
        for left in ("score - baseline", "change")
    )
    assert difference["criterion"] == pytest.approx(column["criterion"], rel=1e-12)


@pytest.mark.parametrize(
    "formula",
    [
        "score ~ sqr(visit) + (1 | patient)",
        "score ~ visit.clip(1, 2) + (1 | patient)",
        "score ~ offset(visit) + (1 | patient)",
        "score ~ vist + (1 | patient)",
        "score ~ visit + (1 | `pat`)",
        "score ~ C(format)[0] + (1 | patient)",
        "score ~ I(9**9**9) + (1 | patient)",
        "score ~ score + (1 | patient)",
        "score ~ visit + us(visit | patient) + cs(visit | patient)",
        "format ~ visit + (1 | patient)",
    ],
)
def test_the_shell_and_python_refuse_the_same_in_the_same_words(kap, scores, written, formula):
    with pytest.raises(MixedModelError) as caught:
        mixedlm(formula, scores.astype({"format": object}))
    assert kap(written, formula) == (1, "", f"kap: {caught.value}\n")


def test_levels_that_are_one_number_are_two_levels(kap, scores, tmp_path):
    sites = np.array(["1.1", "x", "1.10", "1.2", "b"])
    scores.assign(site=sites[scores["patient"] % 5]).to_csv(tmp_path / "sites.csv", index=False)
    code, out, _ = kap(
        tmp_path / "sites.csv",
        "score ~ site + (1 | patient)",
        "--categorical",
        "site",
        "--reference",
        "site=1.10",
        "--json",
    )
    assert code == 0
    terms = [row["term"] for row in json.loads(out)["coefficients"]]
    assert terms == ["Intercept", "site[T.1.1]", "site[T.1.2]", "site[T.b]", "site[T.x]"]


@pytest.mark.parametrize(
    ("formula", "more"),
    [
        ("score ~ format + (1 | patient)", ("--residual-by", "arm")),
        ("score ~ format + us(visit | arm/patient)", ()),
        ("score ~ format + us(when | patient)", ()),
    ],
)
def test_strata_and_visits_are_labels_and_never_numbers(kap, scores, tmp_path, formula, more):
    """Strata 1.1 and 1.10 were one, with another likelihood; visits 1.1 and 1.10 were one twice."""
    arm = np.array(["1.1", "1.10", "2"])[scores["patient"].to_numpy() % 3]
    when = scores["visit"].map({1: "1.1", 2: "1.10", 10: "3"})
    labelled = scores.assign(arm=arm, when=when)
    labelled.to_csv(tmp_path / "dots.csv", index=False)
    by = {"residual_by": more[1]} if more else {}
    right = mixedlm(formula, labelled.astype({"format": object}), **by).fit().criterion
    code, out, _ = kap(tmp_path / "dots.csv", formula, *more, "--json")
    assert code == 0
    assert json.loads(out)["criterion"] == pytest.approx(right, rel=1e-9)
