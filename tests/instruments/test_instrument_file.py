"""A data file with a fault is refused at its place."""

import re

import pytest

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.instrument_file import read_instrument

SOUND = """
name = "X"
listed_at = 1
title = "X"
version = "1"
role = "outcome"
measures = "x"
rater = "self"
checked_on = 2026-11-23
[sources]
a = { citation = "A." }
[items]
n = 4
range = [0, 3]
source = ["a"]
certainty = "read"
[total]
range = [0, 12]
rule = "sum"
source = ["a"]
certainty = "read"
[direction]
higher_is_better = false
source = ["a"]
certainty = "read"
[[band_set]]
name = "one"
bands = [{ label = "low", low = 0, high = 5 }, { label = "high", low = 6, high = 12 }]
source = ["a"]
certainty = "read"
[missing_rule]
kind = "none"
source = ["a"]
certainty = "read"
[project_missing_rule]
kind = "prorate"
max_missing = 1
"""

SOURCE = 'a = { citation = "A." }'


def read(tmp_path, text):
    file = tmp_path / "x.toml"
    file.write_text(text, encoding="utf-8")
    return read_instrument(file)


def test_sound_file_is_read(tmp_path):
    assert read(tmp_path, SOUND).total_range == (0, 12)


@pytest.mark.parametrize(
    ("found", "instead", "sentence"),
    [
        ('role = "outcome"', 'role = "main"', "x.toml: role is 'main'; expected one of outcome, screen, covariate."),
        ('title = "X"\n', "", "x.toml has no 'title'."),
        ('title = "X"', 'titel = "X"', "x.toml has no 'title'."),
        ("n = 4", 'n = "4"', "[items] of x.toml: n is '4'; expected a whole number."),
        ("n = 4", "n = true", "[items] of x.toml: n is True; expected a whole number."),
        ("[direction]", "[[direction]]", "x.toml: direction must be written as [direction]."),
        ("[project_missing_rule]", "[recode]", "x.toml has no table [project_missing_rule]."),
        ("low = 6", "low = 7", "band 'high' of 'one' runs from 7 to 12; expected to begin at 6 and to end by 12."),
        ("high = 12", "high = 13", "band 'high' of 'one' runs from 6 to 13; expected to begin at 6 and to end by 12."),
        ("range = [0, 12]", "range = [12, 0]", "x.toml: the total runs from 12 to 0; expected the lower end first."),
        ("max_missing = 1", "", "A missing-item rule of kind 'prorate' needs max_missing of 1 or more; found 0."),
        (
            SOURCE,
            SOURCE + '\nb = { citation = "B." }',
            "x.toml: no fact rests on the source 'b'. Remove it or name it.",
        ),
        (
            SOURCE,
            'a = { citation = "A.", url = "u" }',
            "[sources.a] of x.toml has 'url'; expected one of citation, doi.",
        ),
    ],
)
def test_fault_is_refused(tmp_path, found, instead, sentence):
    with pytest.raises(InstrumentError, match=re.escape(sentence)):
        read(tmp_path, SOUND.replace(found, instead, 1))


def test_fact_without_a_listed_source_or_with_an_unknown_certainty_is_refused(tmp_path):
    with pytest.raises(InstrumentError, match=re.escape("[items] of x.toml names 'z'; its sources are a.")):
        read(tmp_path, SOUND.replace('source = ["a"]', 'source = ["z"]', 1))
    with pytest.raises(InstrumentError, match="certainty is 'sure'; expected one of read, recalled-high"):
        read(tmp_path, SOUND.replace('certainty = "read"', 'certainty = "sure"', 1))


def test_thresholds_outside_the_total_and_items_that_do_not_exist_are_refused(tmp_path):
    remission = '[remission]\nvalue = 20\nsource = ["a"]\ncertainty = "read"\n'
    with pytest.raises(InstrumentError, match=re.escape("the threshold 20 is outside the total, 0 to 12.")):
        read(tmp_path, SOUND + remission)
    item = '[suicidality]\nitems = [5]\nendorsed_from = 1\nsource = ["a"]\ncertainty = "read"\n'
    with pytest.raises(InstrumentError, match=re.escape("items (5,) are not all among items 1 to 4.")):
        read(tmp_path, SOUND + item)
