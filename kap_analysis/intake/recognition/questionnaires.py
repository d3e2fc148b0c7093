"""Columns of questionnaires: items by their names, items side by side under the question itself, totals."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import pandas as pd

from kap_analysis.instruments.registry import get_instrument
from kap_analysis.intake.recognition.column_names import ASKED, NAMES, instrument_in, instruments_called, visit_in
from kap_analysis.intake.recognition.guess import Guess, share_of, told
from kap_analysis.intake.source_table import SourceTable
from kap_analysis.intake.values import MISSING, TOTAL_NAME, UNSCORED_ITEM, is_number, plain_words

_ANSWERS: Final = (
    ({"not at all": 0, "several days": 1, "more than half the days": 2, "nearly every day": 3}, 4),
    ({"not at all": 0, "a little bit": 1, "moderately": 2, "quite a bit": 3, "extremely": 4}, 5),
    ({"at no time": 0, "some of the time": 1, "less than half of the time": 2, "more than half of the time": 3,
      "most of the time": 4, "all of the time": 5}, 6),
)  # fmt: skip
#: An answer with a number before it: 2 = Several days.
_NUMBERED: Final = re.compile(r"\(?(\d)\)?\s*[-=:.)]\s*(\S.*)")
_NUMBER_LAST: Final = re.compile(r"(.*?)0*(\d{1,2})")
_WORD_FOR_ITEM: Final = re.compile(r"[ ]?(q|item|question|i|frage)$")
_TOTAL: Final = re.compile(
    r"total|total score|sum|score|summe|summenscore|gesamtwert|gesamtscore|gesamtpunktzahl|punkte|punktzahl"
)
NOT_SCORED: Final = "the question after the items: how difficult the problems make daily life; no part of the score"
_DIFFICULTY: Final = re.compile(r"difficult")
#: What forms add to the names of a new version: GAD-7 Score (2024).
_OF_A_VERSION: Final = re.compile(r" ?\b(20\d\d|version \d+|new|old|revised|rev|alt|neu)\b")


def _answers_in(table: SourceTable, name: str) -> set[str]:
    return {t for t in pd.unique(table.cells[name]) if t and t.lower() not in MISSING}


def item_columns(table: SourceTable, taken: Mapping[str, Guess]) -> Iterable[Guess]:
    """Columns that are items by their names."""
    here = instrument_in(f"{table.sheet}") or instrument_in(table.file)
    runs, asked = _numbered_runs(table), _of_headings(table)
    for name in table.columns:
        if name in taken:
            continue
        words, at, day = visit_in(plain_words(name))
        if _DIFFICULTY.search(words) and instrument_in(words) in UNSCORED_ITEM:
            yield Guess(name, "drop", NOT_SCORED)
        if not (found := _numbered(words)):
            continue
        before, stem, number = found
        # "phq9" alone is a total, and "gad 2" another questionnaire; in phq1 to phq9 the number is that of an item
        is_name = instrument_in(words, whole=True) or (before.strip() == stem and _are_names_with_numbers(stem))
        instrument = runs.get(before) or asked.get(stem, "") or ("" if is_name else instrument_in(stem, whole=True))
        if not instrument and re.fullmatch(r"(?:.* / )?(q|item|question|frage)[ ]?\d{1,2}", words):
            instrument = instrument_in(table.headings.get(name, "")) or here
        if not instrument:
            continue
        n_items = get_instrument(instrument).n_items
        if number == UNSCORED_ITEM.get(instrument):
            yield Guess(name, "drop", NOT_SCORED)
        elif n_items is not None and 1 <= number <= n_items:
            yield _item(table, name, instrument, number, "its name", at, day)


def _numbered(words: str) -> tuple[str, str, int] | None:
    """Split a number off the end of a name: what stands before it, the name of a questionnaire in that, the number.

    The q of meq 1 and the i of bdi 1 belong to the name, those of gad q1 and gad i1 do not.
    """
    if not (found := _NUMBER_LAST.fullmatch(words)):
        return None
    stem = found[1].strip()
    if not (instruments_called(stem) or instrument_in(stem, whole=True)):
        stem = _WORD_FOR_ITEM.sub("", stem)
    return found[1], stem, int(found[2])


def _are_names_with_numbers(stem: str) -> bool:
    """Whether a questionnaire is called by this name and a number (GAD-7), so that another number may be another's."""
    return any(
        "".join(c for c in one.lower() if c.isalpha()) == stem.replace(" ", "") and any(map(str.isdigit, one))
        for one in instruments_called(stem)
    )


def _numbered_runs(table: SourceTable) -> dict[str, str]:
    """phq -> PHQ-9 where columns of that name are numbered as its items are, from 1 to 9, or nearly so."""
    numbers: dict[tuple[str, str], set[int]] = {}
    texts = [f"{table.sheet}", table.file, *table.headings.values()]
    for name in table.columns:
        if found := _numbered(visit_in(plain_words(name))[0]):
            numbers.setdefault(found[:2], set()).add(found[2])
        else:
            texts.append(name)
    named = set(map(instrument_in, texts)) - {""}
    runs = {}
    for (before, stem), of in numbers.items():
        sizes = {one: get_instrument(one).n_items or 0 for one in instruments_called(stem)}
        whole = [one for one, size in sizes.items() if of - {UNSCORED_ITEM.get(one)} == set(range(1, size + 1))]
        most = [one for one, size in sizes.items() if 1 in of and max(of) <= size < 2 * len(of)]
        if fits := whole or most:
            runs[before] = other if (other := ASKED.get(fits[0], "")) in named else fits[0]
    return runs


def _of_headings(table: SourceTable) -> dict[str, str]:
    """q2 -> PHQ-9 where the questions above q2_1 to q2_9 all name it, and it has as many items."""
    named: dict[str, dict[int, str]] = {}
    for name, heading in table.headings.items():
        if (found := _numbered(visit_in(plain_words(name))[0])) and found[1]:
            named.setdefault(found[1], {})[found[2]] = instrument_in(heading)
    stems = {}
    for stem, of in named.items():
        instrument = of.get(1, "")
        if instrument and set(of.values()) == {instrument}:
            n_items = get_instrument(instrument).n_items or 0
            if set(of) - {UNSCORED_ITEM.get(instrument)} == set(range(1, n_items + 1)):
                stems[stem] = instrument
    return stems


def _item(
    table: SourceTable, name: str, instrument: str, number: int, why: str, at: str = "", day: int | None = None
) -> Guess:
    asks = asked_instrument(instrument)
    said: dict[str, object] = {"instrument": "?" if asks else instrument, "item": number}
    if at:
        said |= {"at": at, "day": day}
    texts = _answers_in(table, name)
    words = {t for t in texts if not is_number(t)}
    points = labelled_points(table, name, texts)
    if words:
        values = answer_values(words)
        said["values"] = {t: values.get(t, "?") for t in sorted(words, key=lambda t: (str(values.get(t, "?")), t))}
        asks = "; ".join(filter(None, [asks, "the points of each answer" if len(values) < len(words) else ""]))
    elif {code for code, value in points.items() if code != value}:
        said["values"] = points
        why = f"{why}; its labels say the points"
    return Guess(name, "item", why, said, asks, f"{len(texts)} different answers")


def labelled_points(table: SourceTable, name: str, texts: Iterable[str]) -> dict[str, str]:
    """Return the points of codes whose labels are known answers, also of those that nobody gave; else nothing."""
    coded = table.labels.get(name, {})
    points = answer_values(coded.values())
    if not points:
        return {}
    labels = {text: coded.get(text, "") for text in sorted({*coded, *texts})}
    return {text: "" if label.lower() in MISSING else points.get(label, text) for text, label in labels.items()}


def answer_values(words: Iterable[str]) -> dict[str, str]:
    """Return the points of answer texts that are known ("Several days", also "2 = Several days": 1), and of other texts
    that begin with a number that number.
    """
    words = list(words)
    best = known_points(words)
    return best | {word: number[1] for word in words if word not in best and (number := _NUMBERED.fullmatch(word))}


def known_points(words: Iterable[str]) -> dict[str, str]:
    """Return the points of answer texts of which the words are known, whatever number stands before them."""
    plain = {w: (number[2] if (number := _NUMBERED.fullmatch(w)) else w).lower().strip() for w in words}
    found = ({w: str(known[text]) for w, text in plain.items() if text in known} for known, _ in _ANSWERS)
    return max(found, key=len)


def item_runs(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    """Columns under the question itself: as many side by side, with one set of answers, as the instrument has items.

    Where names are numbered (Q2_1, Q2_2, Q3_1), another name before the number begins another questionnaire.
    """
    runs: list[list[str]] = [[]]
    for name in table.columns:
        is_one = name not in taken and len(seen[name]) and len(answer_values(seen[name].index)) == len(seen[name]) > 1
        stems = {_stem(one) for one in (name, *runs[-1][-1:])} - {""}
        if runs[-1] and (not is_one or len(stems) > 1):
            runs.append([])
        if is_one:
            runs[-1].append(name)
    for run in filter(None, runs):
        near = [n for n in table.columns if n not in run and instrument_in(n)]
        asked = [table.headings.get(n, "") for n in run]
        named = {instrument_in(text) for text in [*near, *asked, table.sheet, table.file]} - {""}
        fits = [i for i in sorted(named) if get_instrument(i).n_items == len(run)]
        for number, name in enumerate(run, 1):
            if len(fits) == 1:
                why = f"one of {len(run)} columns side by side with the answers of {fits[0]}; check their order"
                yield _item(table, name, fits[0], number, why)


def _stem(name: str) -> str:
    """What stands before the number at the end of a name; nothing where there is no number."""
    found = re.fullmatch(r"(.+?)\d+", name)
    return found[1] if found else ""


def score_columns(table: SourceTable, seen: Mapping[str, pd.Series], taken: Mapping[str, Guess]) -> Iterable[Guess]:
    survey = next(names for role, names in NAMES if role == "instrument")
    long = any(re.fullmatch(survey, plain_words(name)) for name in table.columns)
    of_items = set(_numbered_runs(table).values())
    items = of_items.pop() if len(of_items) == 1 else ""
    for name in table.columns:
        if name in taken or not len(seen[name]):
            continue
        words, at, day = visit_in(plain_words(name))
        if share_of(seen[name], is_number) < (0.5 if TOTAL_NAME.search(words) else 0.9):
            continue
        if any(role.startswith("patients.") and re.fullmatch(names, words) for role, names in NAMES):
            continue
        stem = re.sub(
            r"\b(total|score|sum|sumscore|tot|raw|summe|gesamt|summenscore|gesamtwert|gesamtscore|punkte|punktzahl)\b",
            " ",
            _OF_A_VERSION.sub(" ", words),
        ).strip()
        instrument = instrument_in(stem, whole=True) or instrument_in(
            re.sub(r"(total|score|sum|tot)$", "", words.replace(" ", "")), whole=True
        )
        if not instrument and not long and _TOTAL.fullmatch(_OF_A_VERSION.sub("", words).strip()):
            near = (table.headings.get(name, ""), table.sheet, table.file)
            instrument = items or next(filter(None, map(instrument_in, near)), "")
        if instrument:
            said: dict[str, object] = {"instrument": instrument}
            if at:
                said |= {"at": at, "day": day}
            asks = asked_instrument(instrument)
            said |= {"instrument": "?"} if asks else {}
            yield Guess(name, "score", "its name", said, asks, told(seen[name]))


def asked_instrument(instrument: str) -> str:
    """Return what is asked where a name stands for one of two instruments (BDI), or an empty text."""
    return f"{ASKED[instrument]} (meant more often), or {instrument}, an older one?" if instrument in ASKED else ""
