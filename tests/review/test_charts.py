import re
import xml.etree.ElementTree as ET

import pytest

import kap_analysis as kap
from kap_analysis.review.charts import course_chart, difference_chart, nice_steps, run_chart


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
    drawn = str(run_chart(review.quarters))
    assert drawn.count("<title>") == review.quarters["mean_change"].notna().sum()
