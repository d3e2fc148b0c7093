"""The page about a fit: its words, its width, and what Jupyter gets."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from kap_analysis.mixed.model import mixedlm
from tests.mixed.reference_values import read_data
from tests.places import PAIRS

PARTIAL = read_data(PAIRS, "partial.csv")
PRIMARY = "score ~ visit*(format + baseline) + practice + (0 + is_group | cohort) + us(visit | format/patient)"


def test_the_page_of_a_paired_comparison():
    """Four patients: the t test of their differences has 3 df, as the line of visit 2 says."""
    fit = mixedlm("score ~ visit + (1 | patient)", read_data(PAIRS, "tiny.csv")).fit()
    assert repr(fit.summary()) == str(fit.summary())
    assert str(fit.summary(level=0.9)).splitlines() == [
        "Linear mixed model by restricted maximum likelihood (REML)",
        "",
        "Formula                       score ~ visit + (1 | patient)",
        "Rows                          8 used",
        "Groups                        patient 4",
        "-2 log restricted likelihood  33.906",
        "Degrees of freedom            Kenward-Roger, expected information",
        "Converged                     yes",
        "Singular                      no",
        "",
        "Coefficients",
        "term        estimate  std. error   df      t       p  90% low   high",
        "Intercept      23.50        2.04  3.7  11.50  <0.001    19.05  27.95",
        "visit[T.2]     -4.25        1.36  3.0  -3.12   0.052    -7.45  -1.05",
        "",
        "Variance components",
        "grouping  term         variance    sd",
        "patient   (Intercept)      13.0  3.61",
        "",
        "Residual",
        "variance    sd",
        "    3.71  1.93",
    ]


def test_the_primary_model_has_a_matrix_per_format_and_fits_the_terminal():
    fit = mixedlm(PRIMARY, PARTIAL).fit()
    page = str(fit.summary())
    assert max(map(len, page.splitlines())) <= 100
    assert "Groups                        cohort 12, patient 94" in page
    matrix = fit.units.residual[1]
    first, second = matrix[0, 0], matrix[1, 1]
    correlation = matrix[1, 0] / (first * second) ** 0.5
    assert re.search(rf"^group +2 +{second:.1f} +{second**0.5:.2f}  {correlation:.2f}$", page, flags=re.M)


def test_on_the_boundary_it_says_where_the_df_methods_differ_and_why():
    fit = mixedlm("score ~ month*format + baseline + (month | patient)", PARTIAL).fit()
    summary = fit.summary()
    assert dict(summary.facts)["Singular"] == "yes: (month | patient) on the boundary"
    assert summary.notes == (
        "Singular: the covariance matrix of (month | patient) stands on the boundary (a variance of 0, or a "
        "correlation of -1 or 1 in effect). There Kenward-Roger and Satterthwaite differ: Kenward-Roger keeps every "
        "variance and covariance in the expected information, zero or not (as pbkrtest does), while Satterthwaite "
        "holds what is zero and takes the observed information of the rest (as lmerTest does).",
    )
    assert mixedlm("score ~ month*format + baseline + (1 | patient)", PARTIAL).fit().summary().notes == ()


def test_what_was_asked_for_is_said():
    data = PARTIAL.assign(twice=2 * PARTIAL["month"], score=PARTIAL["score"].where(PARTIAL.index > 3))
    with pytest.warns(UserWarning, match="left out"):
        model = mixedlm("score ~ month + twice + (1 | patient)", data, weights="weight")
    fit = model.fit(reml=False, fixed={"var((Intercept) | patient)": 40})
    facts = dict(fit.summary().facts)
    assert facts["Rows"] == f"{len(PARTIAL) - 4} used, 4 left out for missing values"
    assert facts["-2 log likelihood"] == f"{fit.criterion:.3f}"
    assert facts["Degrees of freedom"] == "Satterthwaite"
    assert fit.summary().notes == (
        "Held, not estimated: var((Intercept) | patient) = 40.",
        "Left out as combinations of other columns: twice.",
        "Weighted: the residual variance is that of a row of weight 1.",
    )


def test_a_negative_variance_is_named():
    fit = mixedlm("score ~ month*format + (1 | patient)", read_data(PAIRS, "singular.csv"))
    notes = fit.fit(bounded=False).summary().notes
    assert notes == ("bounded=False: the variance of (Intercept) | patient is negative, every V is positive definite.",)


def test_the_html_is_whole_escaped_and_without_colours_or_addresses():
    data = PARTIAL.assign(format=PARTIAL["format"].cat.rename_categories({"group": "<b>group</b>"}))
    html = mixedlm(PRIMARY, data).fit()._repr_html_()
    assert "&lt;b&gt;group&lt;/b&gt;" in html
    assert "<b>" not in html
    assert ElementTree.fromstring(html).tag == "div"
    assert not re.search(r"https?:|<script|<style|background:(?!transparent)|color:(?!inherit)", html)
    assert html.count("<table") == 4


def test_the_numbers_stay_unrounded():
    fit = mixedlm(PRIMARY, PARTIAL).fit()
    summary = fit.summary(level=0.8)
    assert summary.coefficients.equals(fit.coefficients(level=0.8))
    assert summary.variance_components.equals(fit.variance_components)


def test_one_line_for_a_list_of_fits():
    fit = mixedlm("score ~ month + (month | patient)", PARTIAL).fit(reml=False)
    assert repr(fit) == (
        f"<MixedResults 'score ~ month + (month | patient)', ML, {fit.nobs} rows, criterion {fit.criterion:.3f}"
        f"{', singular' if fit.singular else ''}>"
    )
