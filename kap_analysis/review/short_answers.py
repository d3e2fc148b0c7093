"""What a director asks of a review, and the answer in a sentence or two."""

from typing import NamedTuple

from kap_analysis.analysis.proportion import wilson_interval
from kap_analysis.columns import FORMAT, GROUP, INDIVIDUAL
from kap_analysis.review.practice_review_result import PracticeReview, class_counts, row_of
from kap_analysis.writing.sentences import (
    full_stop,
    interval,
    join_words,
    number,
    percent,
    percent_interval,
    plural,
    share,
    within_sentence,
)
from kap_analysis.writing.small_numbers import FEWEST


class ShortAnswer(NamedTuple):
    """A question, its answer, and the part of the page that shows more of it."""

    question: str
    answer: str
    section: str


def answer_questions(review: PracticeReview) -> tuple[ShortAnswer, ...]:
    """The five questions of a meeting, who is missing before any outcome."""
    return (
        ShortAnswer("Who is missing?", _missing(review), "who"),
        ShortAnswer("How many got better?", _counted(review, "better"), "change"),
        ShortAnswer("How many got worse?", _counted(review, "worse"), "change"),
        ShortAnswer("Is group worse here?", _group(review), "formats"),
        ShortAnswer("What should we do next?", _next(review), "next"),
    )


def _next(review: PracticeReview) -> str:
    first, *more = review.next_steps
    return f"{first} There is more in part 7." if more else first


def _missing(review: PracticeReview) -> str:
    whole = row_of(review.started, "all")
    if whole is None or not whole["n_started"]:
        return "Nobody started treatment."
    n_scored = int(whole["n_assessed"] + whole["n_no_baseline"])
    waiting = _not_due(int(whole["n_not_due"]), "Another " if n_scored or review.n_lost else "")
    also = f"{_no_baseline(review, int(whole['n_no_baseline']))}{_dead(review)}{waiting}"
    if not review.n_lost:
        return f"{_nobody(review, n_scored)}{also}"
    arms = [
        f"{row['n_lost']:,} of {row['n_started']:,} in {row[FORMAT]} format"
        for _, row in review.started.iterrows()
        if row[FORMAT] != "all"
    ]
    parts = f": {join_words(arms)}" if len(arms) > 1 else ""
    were = "was" if review.n_lost == 1 else "were"
    other = ""
    if whole["n_other"]:
        other = f" {whole['n_other']:,} of them filled in another questionnaire then."
    return (
        f"{share(review.n_lost, whole['n_started'])} who started {were} not assessed at {review.visit}{parts}.{other} "
        f"They may have done worse, or better.{also}"
    )


def _nobody(review: PracticeReview, n_scored: int) -> str:
    if not n_scored:
        return f"Nobody could be assessed at {review.visit} so far."
    if n_scored == 1:
        return "Nobody: the one patient who was due was scored."
    return f"Nobody: all {plural(n_scored, 'patient')} who were due were scored."


def _no_baseline(review: PracticeReview, n: int) -> str:
    if not n:
        return ""
    were = "patient was" if n == 1 else "patients were"
    return f" {n:,} {were} scored at {review.visit}, but not before the first session."


def _dead(review: PracticeReview) -> str:
    n = review.n_dead
    return f" {plural(n, 'patient is', 'patients are')} recorded as dead." if n else ""


def _not_due(n: int, another: str) -> str:
    return f" {another}{plural(n, 'patient is', 'patients are')} not due yet." if n else ""


def _counted(review: PracticeReview, what: str) -> str:
    ever = _ever_worse(review) if what == "worse" else ""
    counts = class_counts(review.classes, "all")
    if not counts:
        whole = row_of(review.started, "all")
        n = 0 if whole is None else whole["n_assessed"]
        if not n:
            return f"That is not known: nobody was assessed at {review.visit}.{ever}"
        why = full_stop(within_sentence(review.notes.get("classes", "the change could not be judged")))
        return f"That is not known of the {plural(n, 'patient')} assessed at {review.visit}: {why}{ever}"
    n, assessed = counts[what], counts["assessed"]
    within = f"; 95% interval {percent_interval(*wilson_interval(n, assessed))}" if assessed >= FEWEST else ""
    of_all = "" if counts["started"] == assessed else f", or {n:,.0f} of all {counts['started']:,.0f} who started"
    return f"{n:,.0f} of {assessed:,.0f} assessed ({percent(n / assessed)}{within}){of_all}.{ever}"


def _ever_worse(review: PracticeReview) -> str:
    """Reliable worsening at any time, which says more than that at one visit."""
    n = review.n_ever_worse
    if not n:
        return ""
    return (
        f" At any time and on any questionnaire, {plural(n, 'patient')} scored reliably worse than at the start once "
        "or more."
    )


def _group(review: PracticeReview) -> str:
    arms = [name for name in (INDIVIDUAL, GROUP) if row_of(review.started, name) is not None]
    if len(arms) < 2:
        only = f" Everybody was treated in {arms[0]} format." if arms else ""
        return f"There is nothing to compare.{only}"
    if review.difference.empty:
        n = [row_of(review.started, arm)["n_assessed"] for arm in arms]  # type: ignore[index]
        return (
            f"That cannot be told. {n[0]} in individual and {n[1]} in group format were assessed: too few patients, or "
            "too few groups of patients."
        )
    row = review.difference.iloc[0]
    low, high = float(row["ci_low"]), float(row["ci_high"])
    if low <= 0 <= high:
        worst, best = (low, high) if review.instrument.higher_is_better else (high, low)
        return (
            f"That cannot be told. Group could be up to {number(abs(worst))} points worse or {number(abs(best))} "
            f"points better than individual format at {review.visit} (95% interval {interval(low, high)})."
        )
    worse = (low > 0) != review.instrument.higher_is_better
    return (
        f"{'Yes' if worse else 'No, it did better'}: {number(abs(float(row['estimate'])))} points "
        f"{'worse' if worse else 'better'} at {review.visit} than individual format, among patients who started alike "
        f"(95% interval {interval(low, high)}). Why, these data do not tell."
    )
