"""The confidential list of patients whose charts should be looked at."""

from typing import Final

import pandas as pd

from kap_analysis.analysis.model.plan import Plan
from kap_analysis.analysis.safety.safety import Safety
from kap_analysis.analysis.safety.suicidality_items import FIRST, RISE, instruments_with_item
from kap_analysis.columns import DAY, INSTRUMENT, PATIENT_ID, SCORE, VISIT
from kap_analysis.errors import KapError
from kap_analysis.instruments.suicidality import suicidality_states
from kap_analysis.review.practice_review_result import DIED, GOT_WORSE, NEWLY_YES, OVERDUE, STILL_YES
from kap_analysis.study.study import Study
from kap_analysis.writing.sentences import join_words, number

#: Days after a visit's window from which on a missing score is no longer overdue, but missing.
LONG_PAST: Final = 90
#: What the list for chart review always says.
NO_ALARM: Final = (
    "This list looks back over data that may be weeks old. It is no alarm, and nobody watches it between reviews."
)
LIST_COLUMNS: Final = [PATIENT_ID, "why", "instrument", VISIT, DAY, "detail"]


def list_for_chart_review(
    part: Study, plan: Plan, worse: pd.DataFrame, deaths: pd.DataFrame, safety: Safety | None
) -> pd.DataFrame:
    """Patients whose charts should be looked at, by id: the gravest first, each once for each reason.

    Parameters
    ----------
    worse, deaths : DataFrame
        As `reliably_worse` and `list_deaths` give them.
    """
    found: list[list[object]] = [
        [row[PATIENT_ID], DIED, "", "", row[DAY], row["where"]] for row in deaths.to_dict("records")
    ]
    again: list[list[object]] = []
    if safety is not None:
        newly, again = _said_yes(part, safety.for_review)
        found += newly
    found += _worse(worse, plan.instrument)
    found += _overdue(part, plan, set(deaths[PATIENT_ID]))
    return pd.DataFrame(found + again, columns=LIST_COLUMNS)


def _said_yes(part: Study, answers: pd.DataFrame) -> tuple[list[list[object]], list[list[object]]]:
    """Those whose answer turned to yes or rose after day 0, and the others who said yes again.

    Of several such answers the highest is told, of equal ones the latest, with the last answer, and the highest of all
    answers after day 0 where that is another.
    """
    last = last_answers(part)
    top = answers.sort_values(["answer", DAY], kind="stable").drop_duplicates(PATIENT_ID, keep="last")
    top = top.set_index(PATIENT_ID)
    new: list[list[object]] = []
    again: list[list[object]] = []
    turned = answers["change"].isin([RISE, FIRST])
    for rows, why, lines in ((answers[turned], NEWLY_YES, new), (answers[~turned], STILL_YES, again)):
        known = {line[0] for line in new}
        rows = rows[~rows[PATIENT_ID].isin(known)].sort_values(["answer", DAY], kind="stable")
        highest = rows.drop_duplicates(PATIENT_ID, keep="last")
        highest = highest.assign(top=highest[PATIENT_ID].map(top["answer"]))
        for row in highest.sort_values(["top", "answer", DAY], ascending=False, kind="stable").to_dict("records"):
            before = "" if pd.isna(row["answer_before"]) else f", before that {row['answer_before']:.0f}"
            day, answer = last.get((row[PATIENT_ID], row["instrument"]), (row[DAY], row["answer"]))
            since = f"; last answer {answer:.0f} on day {day:.0f}" if day > row[DAY] else "; no answer since"
            graver = top.loc[row[PATIENT_ID]]
            highest_of_all = f"; highest {graver['answer']:.0f} on day {graver[DAY]:.0f}"
            detail = f"answer {row['answer']:.0f}{before}{highest_of_all * (row['top'] > row['answer'])}{since}"
            lines.append([row[PATIENT_ID], why, row["instrument"], row[VISIT], row[DAY], detail])
    return new, again


def last_answers(part: Study) -> dict[tuple[str, str], tuple[float, float]]:
    """(patient, instrument) -> day and answer of the last answer to an item on suicide."""
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for name, instrument in instruments_with_item(part).items():
        states = suicidality_states(part.items[part.items["instrument"].astype("object") == name], instrument)
        states = states[states["answer"].notna()].sort_values(DAY, kind="stable")
        for patient, day, answer in zip(states[PATIENT_ID], states[DAY], states["answer"], strict=True):
            found[str(patient), name] = (float(day), float(answer))
    return found


def _worse(worse: pd.DataFrame, main: str) -> list[list[object]]:
    """Everybody who was ever reliably worse: the worst score and the last, on the main instrument where it is there."""
    order = worse.assign(other=worse[INSTRUMENT] != main)
    order = order.sort_values(["other", "times_error"], ascending=[True, False], kind="stable")
    shown = order.drop_duplicates(PATIENT_ID)
    names = order.groupby(PATIENT_ID)[INSTRUMENT].agg(list)
    lines: list[list[object]] = []
    for row in shown.sort_values(["times_error", PATIENT_ID], ascending=[False, True]).to_dict("records"):
        since = f"last score {number(row['last_score'], 0)} on day {row['last_day']:.0f}"
        told = since if row["last_day"] > row[DAY] else "no score since"
        too = [name for name in names[row[PATIENT_ID]] if name != row[INSTRUMENT]]
        also = f"; also on {join_words(too)}" if too else ""
        detail = f"{number(row[SCORE], 0)}, at baseline {number(row['baseline'], 0)}; {told}{also}"
        lines.append([row[PATIENT_ID], GOT_WORSE, row[INSTRUMENT], row[VISIT], row[DAY], detail])
    return lines


def _overdue(part: Study, plan: Plan, dead: set[str]) -> list[list[object]]:
    """Everybody alive whose last due visit has no score, as long as it is not long past and follow-up did not end."""
    try:
        frame = part.outcomes(
            plan.instrument, format_rule=plan.format_rule, cohort_rule=plan.cohort_rule, population="started"
        ).frame
        done = set(zip(frame[PATIENT_ID], frame[VISIT].astype("str"), frame[SCORE].notna(), strict=True))
    except KapError:
        done = set()  # nobody here was ever scored
    people = part.patients.set_index(PATIENT_ID)
    at_zero = part.at_time_zero(format_rule=plan.format_rule, cohort_rule=plan.cohort_rule)
    treated = at_zero.loc[at_zero["started"], PATIENT_ID]
    found: list[list[object]] = []
    for patient in sorted(set(treated) - dead):
        until, end = people.loc[patient, "observed_until_day"], people.loc[patient, "follow_up_end_day"]
        if pd.isna(until) or not (pd.isna(end) or end >= until):
            continue
        due = [v for v in part.settings.visits if v.last_day <= until]
        if due and until - due[-1].last_day <= LONG_PAST and (patient, due[-1].label, True) not in done:
            detail = f"due by day {due[-1].last_day}"
            found.append([patient, OVERDUE, plan.instrument, due[-1].label, float(until), detail])
    return found
