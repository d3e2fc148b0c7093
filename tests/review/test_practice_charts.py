import re
import xml.etree.ElementTree as ET

import pytest

import kap_analysis as kap
from kap_analysis.review.practice_charts import course_chart, difference_chart, run_chart
from kap_analysis.review.svg_marks import nice_steps


def test_round_steps():
    assert nice_steps(0, 63) == [0, 20, 40, 60]
    assert nice_steps(-7.2, 3.1) == [-6, -4, -2, 0, 2]


def test_every_point_says_its_value_and_stands_where_it_should(review):
    drawn = str(course_chart(review.course, review.instrument))
    root = ET.fromstring(drawn)
    said = re.findall(r'aria-label="([^"]+), (\w+): mean ([\d.]+)[^"]*n = (\d+)"', drawn)
    rows = review.course[review.course["format"] != "all"]
    assert len(said) == len(rows)
    for visit, arm, mean, n in said:
        row = rows[(rows["visit"].astype(str) == visit) & (rows["format"] == arm)].iloc[0]
        assert float(mean) == pytest.approx(row["mean"], abs=0.05)
        assert int(n) == row["n_patients"]
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    heights = [float(c.get("cy")) for c in circles]
    means = rows[rows["format"] == "individual"]["mean"].tolist()
    assert sorted(heights) == sorted(heights, key=lambda h: h)
    assert [m for _, m in sorted(zip(heights, means, strict=True))] == sorted(means, reverse=True)


def test_few_patients_have_no_interval(review):
    few = review.course.assign(n_patients=4)
    assert "whisker" not in str(course_chart(few, review.instrument))


def test_the_sides_of_a_difference_follow_the_instrument(study):
    row = kap.compare_formats(study, secondary=False).contrasts.query("is_primary").iloc[0]
    assert "← group better" in difference_chart(row, "points", better_is_lower=True)
    assert "group better →" in difference_chart(row, "points", better_is_lower=False)


def test_a_quarter_is_told(review):
    drawn = str(run_chart(review.quarters, review.expected.iloc[:0], higher_is_better=False))
    assert drawn.count("<title>") == review.quarters["mean_change"].notna().sum()
    assert "↓ better" in drawn
    assert "↑ better" in run_chart(review.quarters, review.expected.iloc[:0], higher_is_better=True)


def test_the_band_of_other_practices_is_the_change_that_they_lead_to_expect(review):
    row = review.expected.iloc[0]
    drawn = str(run_chart(review.quarters, review.expected, higher_is_better=False))
    said = re.search(r"expected from other practices: mean change (\S+) \(95% interval (\S+) to (\S+)\)", drawn)
    told = [float(one.replace("−", "-")) for one in said.groups()]
    assert told == pytest.approx([row[c] - row["baseline"] for c in ("estimate", "ci_low", "ci_high")], abs=0.051)


def test_names_of_visits_that_would_touch_stand_on_two_heights(review):
    drawn = course_chart(review.course, review.instrument)
    heights = {name: y for y, name in re.findall(r'y="(\d+)"[^>]*>(baseline|month \d)<', str(drawn))}
    assert heights["month 1"] == heights["month 3"] != heights["month 2"] == heights["baseline"]
    wide = review.course[review.course["visit"].astype(str).isin(["baseline", "month 6"])]
    assert (
        len(set(re.findall(r'y="(\d+)"[^>]*>(?:baseline|month \d)<', str(course_chart(wide, review.instrument))))) == 1
    )
