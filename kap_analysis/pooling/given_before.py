"""What a practice has given so far, and what another answer would give away beside it: the difference of two totals.

Two totals that differ by one practice, by one visit or by the rows of one patient say by their difference what each of
them hides. Whoever has both can subtract them. So a practice answers one exchange of a study, and decides on others.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from kap_analysis.errors import AnalysisError
from kap_analysis.pooling.messages import KEYS, Request, hash_of
from kap_analysis.writing.sentences import join_words


@dataclass(frozen=True)
class Exchange:
    """One exchange as a practice knows it.

    Attributes
    ----------
    plan : str
        The hash of its plan.
    practices : tuple of str
        In the order of their names.
    rows : str
        The fingerprint of the practice's rows under that plan.
    sums : bool
        Whether sums were sent; a key alone gives nothing.
    again : bool
        Whether the practice decided to answer it beside others.
    """

    plan: str
    practices: tuple[str, ...]
    rows: str
    sums: bool = False
    again: bool = False

    def is_same(self, other: "Exchange") -> bool:
        """Whether its totals are the same."""
        return (self.plan, self.practices, self.rows) == (other.plan, other.practices, other.rows)

    def joined(self, before: "Exchange") -> "Exchange":
        """The same exchange with what was given and decided before."""
        return replace(self, sums=self.sums or before.sums, again=self.again or before.again)

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {**asdict(self), "practices": list(self.practices)}


def exchange_of(request: Request, rows: str, again: bool) -> Exchange:
    """The exchange that a request belongs to."""
    return Exchange(hash_of(request.plan), tuple(sorted(request.practices)), rows, request.step != KEYS, again)


def exchange_of_dict(found: dict[str, Any]) -> Exchange:
    """From the file; what is of another kind is an error of Python's."""
    plan, rows = str(found["plan"]), str(found["rows"])
    return Exchange(plan, tuple(map(str, found["practices"])), rows, bool(found["sums"]), bool(found["again"]))


@dataclass(frozen=True)
class GivenBefore:
    """What a practice has given so far.

    Attributes
    ----------
    estimate : str or None
        The fingerprint of the rows, under their plan, of which it gave its own estimate.
    exchanges : tuple of Exchange
        Those that it answered.
    """

    estimate: str | None = None
    exchanges: tuple[Exchange, ...] = ()

    def is_decided(self, this: Exchange) -> bool:
        """Whether the practice decided, now or in an earlier round, to answer this exchange beside others."""
        return this.again or any(one.again for one in self.exchanges if one.is_same(this))

    def check(self, this: Exchange, practice: str) -> None:
        """Raise an error where sums of another exchange were sent, and nobody decided to answer this one as well."""
        given = [one for one in self.exchanges if one.sums]
        if self.is_decided(this) or any(one.is_same(this) for one in given) or not given:
            return
        raise AnalysisError(
            f"Practice {practice} has sent sums in another exchange over this study, {_differs(given[-1], this)}. The "
            "totals of two exchanges can be subtracted, and what is left is of those by whom they differ: of one "
            "practice, or of one patient. So this request is not answered. To answer it all the same, say --again; the "
            "decision is kept beside the secret. Nothing was written."
        )


def _differs(before: Exchange, this: Exchange) -> str:
    found = []
    if before.practices != this.practices:
        found.append(f"with {join_words(before.practices)} and not {join_words(this.practices)}")
    if before.plan != this.plan:
        found.append("by another plan")
    return join_words(found) if found else "of other rows, or with another secret"
