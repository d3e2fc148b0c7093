"""Recorded totals against the answers that they are made of."""

from typing import Any, Final

import numpy as np
import pandas as pd

from kap_analysis.errors import InstrumentError
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.instruments.scoring import COMPLETE, KNOWN, score_items
from kap_analysis.study.checking.table_links import TypedFolder
from kap_analysis.study.contract.problems import Problems

_OF: Final = ["patient_id", "day"]
#: A percentage may be recorded as a whole number; two sums of answers differ by one or more.
_ROUNDING: Final = 0.5


def check_totals(folder: TypedFolder, problems: Problems) -> None:
    """A recorded total is the one of its answers, where these leave it no other.

    Items do not say the hour, the timing or the version: where a patient has two totals a day, nothing is compared.
    """
    table = folder.table("assessments", *_OF, "instrument", "score")
    items = folder.table("items", *_OF, "instrument", "item", "answer")
    if table is None or items is None:
        return
    key = [*_OF, "rater"] if table.has("rater") and items.has("rater") else _OF
    recorded = table.frame[[*key, "score"]].assign(row=np.arange(len(table.frame)))
    for name, instrument in folder.instruments.items():
        answers = items.frame[(items.frame["instrument"] == name).to_numpy(dtype=bool, na_value=False)]
        if len(answers) == 0 or not instrument.item_ranges or instrument.total_rule == "ordinal":
            continue
        own = recorded[(table.frame["instrument"] == name).to_numpy(dtype=bool, na_value=False)]
        both = own[~own.duplicated(key, keep=False)].merge(_made_of(answers, key, instrument), on=key)
        other = both[(both["score"] - both["made"]).abs() > _ROUNDING]
        table.report(
            problems,
            other["row"].to_numpy(),
            "score",
            [f"{score:g}" for score in other["score"]],
            [f"{made:g}, the {name} total of its answers in items" for made in other["made"]],
        )


def _made_of(answers: pd.DataFrame, key: list[str], instrument: Instrument) -> pd.DataFrame:
    """One row per assessment whose answers leave one total; none where an answer is a problem by itself."""
    known = answers[answers["item"].notna().to_numpy()]
    given: dict[str, Any] = {"item": known["item"].astype(int)}
    try:
        scores = score_items(known[[*key, "instrument", "item", "answer"]].assign(**given), instrument).scores
    except InstrumentError:
        scores = pd.DataFrame(columns=[*key, "score", "how"]).astype(dict(known[key].dtypes))
    made = scores[scores["how"].isin([COMPLETE, KNOWN])]
    return made[[*key, "score"]].rename(columns={"score": "made"}).astype({"made": float})
