"""study.toml: its example, its defaults, what is wrong in it, and writing it back."""

from dataclasses import replace

import pytest

from kap_analysis.study.contract import settings as settings_module
from kap_analysis.study.contract import settings_file
from kap_analysis.study.contract.identifiers import identifier_kinds
from kap_analysis.study.contract.problems import Problems, problem_lines
from kap_analysis.study.contract.settings import DEFAULT_VISITS, Margin, Settings, Visit
from kap_analysis.study.contract.settings_file import read_settings
from kap_analysis.study.contract.toml_text import settings_text

MINIMAL = 'title = "T"\nprimary_instrument = "BDI-II"\nprimary_visit = "month 3"\n'
EXAMPLE = "\n".join(line.strip() for line in settings_module.__doc__.split("::\n\n", 1)[1].splitlines())


def _read(folder, text):
    problems = Problems()
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return read_settings(folder, problems), list(problem_lines(problems.frame()))


def test_the_example_of_the_documentation_is_read_without_a_problem(tmp_path):
    settings, lines = _read(tmp_path, EXAMPLE)
    assert lines == []
    assert settings.margin == Margin(3.0, "Agreed by the steering group before the data were seen", "2026-05")
    assert settings.visits == DEFAULT_VISITS
    assert settings.extra_columns == {"patients": ("payer",)}
    assert settings.is_simulated


def test_the_required_keys_suffice(tmp_path):
    settings, lines = _read(tmp_path, MINIMAL)
    assert lines == []
    assert settings == Settings(title="T", primary_instrument="BDI-II", primary_visit="month 3")
    assert (settings.visibility, settings.margin, settings.baseline_window) == ("private", None, (-42, 0))
    assert not settings.is_simulated


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "title = \n",
            "study.toml, line 1: found text that is not TOML (Invalid value (at line 1, column 9)); expected",
        ),
        (MINIMAL.replace('"T"', "3"), "study.toml, line 1: title: found 3; expected a text; it is required."),
        (
            MINIMAL + 'visability = "public"\n',
            "study.toml, line 4: visability: found the key 'visability'; expected",
        ),
        (MINIMAL + 'visibility = "open"\n', "visibility: found 'open'; expected private or public."),
        (MINIMAL + 'time_zero = "intake"\n', "time_zero: found 'intake'; expected first_ketamine_session."),
        (
            MINIMAL + "baseline_window = [0, -42]\n",
            "found a window that ends before it begins: [0, -42]; expected",
        ),
        (MINIMAL + "baseline_window = [-42, 7]\n", "found a baseline that ends on day 7; expected a last day of 0 or"),
        (MINIMAL.replace("month 3", "week 12"), "primary_visit: found 'week 12'; expected one of the visits: month 1,"),
        (
            MINIMAL + "[margin]\npoints = 3\n",
            "margin.source: found nothing; expected who fixed the margin, and on what",
        ),
        (
            MINIMAL + '[margin]\npoints = 3\nsource = "s"\ndate = "spring"\n',
            "margin.date: found 'spring'; expected when it was fixed: a year, a month or a day, such as 2026-05-31.",
        ),
        (MINIMAL + '[margin]\npoints = -3\nsource = "s"\n', "margin.points: found -3; expected a positive number of"),
        (MINIMAL + '[extra_columns]\npatient = ["x"]\n', "found the table 'patient'; expected one of patients, diagn"),
        (MINIMAL + '[extra_columns]\npatients = ["email"]\n', "found a column 'e…' (5 characters) whose name is that"),
        (
            MINIMAL + '[[visits]]\nlabel = "month 3"\ntarget_day = 200\nwindow = [76, 120]\n',
            "found target day 200 of month 3 outside its window; expected a day from 76 to 120.",
        ),
        (
            MINIMAL
            + '[[visits]]\nlabel = "month 3"\ntarget_day = 90\nwindow = [76, 120]\n'
            + '[[visits]]\nlabel = "month 4"\ntarget_day = 121\nwindow = [120, 140]\n',
            "found windows that overlap: month 3 ends on day 120, month 4 begins on day 120; expected",
        ),
    ],
)
def test_what_is_wrong_is_reported_with_its_line(tmp_path, text, line):
    _, lines = _read(tmp_path, text)
    assert len(lines) == 1
    assert line in lines[0]


def test_settings_written_are_read_back_the_same(tmp_path):
    settings = Settings(
        title='A "quoted" title: ä',
        primary_instrument="Own",
        primary_visit="week 6",
        practices=("A", "B"),
        visits=(Visit("week 6", 42, 30, 60), Visit("week 12", 84, 61, 100)),
        margin=Margin(2.5, "a source"),
        visibility="public",
        provenance="made_up",
        data_cut="2026-Q1",
        extra_columns={"patients": ("payer", "x y")},
        own_instruments=(
            {
                "name": "Own",
                "total_range": [0, 10],
                "higher_is_better": True,
                "bands": [{"label": "a", "low": 0, "high": 10}],
            },
        ),
    )
    again, lines = _read(tmp_path, settings_text(settings))
    assert lines == []
    assert again == settings
    assert _read(tmp_path, settings_text(replace(settings, margin=None)))[0].margin is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "zz = " + "9" * 5000,
            "found text that is not TOML (a number of too many digits); expected key = value lines.",
        ),
        ("zz = " + "[" * 50_000, "found brackets nested too deep to be read; expected key = value lines."),
        (
            "[margin]\npoints = " + "9" * 400 + '\nsource = "x"',
            "expected a positive number of points, at most 1,000,000.",
        ),
        (
            '[margin]\npoints = inf\nsource = "x"',
            "margin.points: found inf; expected a positive number of points, at most 1,000,000.",
        ),
        (
            "baseline_window = [-" + "9" * 400 + ", 0]",
            "expected two days in brackets, [first day, last day], from -36500",
        ),
        (
            "baseline_window = [0x" + "f" * 5000 + ", 0]",
            "baseline_window: found a value too large to be quoted; expected",
        ),
        (
            '[[visits]]\nlabel = "month 3"\ntarget_day = 10000000000\nwindow = [76, 120]',
            "found the target_day 10000000000 of month 3; expected a whole number from -36500 to 36500.",
        ),
    ],
    ids=lambda value: value[:30],
)
def test_numbers_and_brackets_of_any_size_are_one_line(tmp_path, text, line):
    _, lines = _read(tmp_path, MINIMAL + text + "\n")
    assert any(line in one for one in lines), lines
    assert max(len(one) for one in lines) < 300


def test_a_folder_in_its_place_is_said(tmp_path):
    (tmp_path / "study.toml").mkdir()
    problems = Problems()
    read_settings(tmp_path, problems)
    assert problems.frame()["found"].tolist() == ["something that is not a file"]


def test_a_primary_visit_is_held_against_visits_that_could_be_read(tmp_path):
    schedule = '[[visits]]\nlabel = "week 12"\ntarget_day = "late"\nwindow = [76, 120]\n'
    _, lines = _read(tmp_path, MINIMAL.replace("month 3", "week 12") + schedule)
    assert lines == [
        "study.toml, line 4: visits: found the target_day 'late' of week 12; expected a whole number "
        "from -36500 to 36500."
    ]
    days = "".join(
        f'[[visits]]\nlabel = "day {day}"\ntarget_day = {day}\nwindow = [{day}, {day}]\n' for day in range(1, 21)
    )
    _, lines = _read(tmp_path, MINIMAL + days)
    assert lines == [
        "study.toml, line 3: primary_visit: found 'month 3'; expected one of the visits: "
        + ", ".join(f"day {day}" for day in range(1, 13))
        + " and 8 more."
    ]


def test_thousands_of_blocks_are_looked_through_for_identifiers_at_once(tmp_path, monkeypatch):
    looked_at = []

    def look(values, place="label"):
        looked_at.append(place)
        return identifier_kinds(values, place)

    monkeypatch.setattr(settings_file, "identifier_kinds", look)
    blocks = [f'[[visits]]\nlabel = "day {day}"\ntarget_day = {day}\nwindow = [{day}, {day}]' for day in range(1, 5001)]
    text = MINIMAL + "\n".join([*blocks[:-1], blocks[-1].replace("day 5000", "jo@example.org")])
    _, lines = _read(tmp_path, text)
    assert any("found 5,000 [[visits]] blocks; expected at most 200." in line for line in lines)
    assert any("visits.label: found 'j…' (14 characters), which looks like an e-mail address" in line for line in lines)
    assert sorted(looked_at) == sorted(set(looked_at))
