"""Which counts to withhold: the small ones, and enough others that no sum gives them back."""

import numpy as np
import pandas as pd

from kap_analysis.disclosure.policy import MINIMUM_COUNT, is_small
from kap_analysis.disclosure.relations import Cell, Relation

SMALL = f"fewer than {MINIMUM_COUNT}"
BY_SUBTRACTION = "would give a small count back by subtraction"


def cells_to_withhold(frame: pd.DataFrame, counts: list[str], relations: list[Relation]) -> dict[Cell, str]:
    """The cells that may not be shown, each with the reason.

    First every count of 1 to 10. Then, for each sum that holds, until nothing changes: where the withheld cells of
    a sum could be worked out from those that are shown, alone or together, the smallest shown one is withheld too.
    A zero is withheld only when nothing else is left.
    """
    values = {c: frame[c].to_numpy(float) for c in counts}
    withheld: dict[Cell, str] = {
        (row, c): SMALL for c in counts for row in range(len(frame)) if is_small(values[c][row])
    }
    changed = True
    while changed:
        changed = False
        for relation in relations:
            cell = _next_to_withhold(relation, withheld, values)
            if cell is not None:
                withheld[cell] = BY_SUBTRACTION
                changed = True
    return withheld


def _next_to_withhold(relation: Relation, withheld: dict[Cell, str], values: dict[str, np.ndarray]) -> Cell | None:
    hidden = [cell for cell in relation.cells if cell in withheld]
    if not hidden:
        return None
    if len(relation.parts) == 1:  # the same number twice
        return next((cell for cell in relation.cells if cell not in withheld), None)
    hidden_parts = [cell for cell in relation.parts if cell in withheld]
    known_sum = sum(values[c][r] for r, c in hidden_parts)
    alone = len(hidden) == 1
    still_small = relation.total not in withheld and is_small(known_sum)
    if not alone and not still_small:
        return None
    shown = [cell for cell in relation.cells if cell not in withheld]
    # smallest count first, zeros after every other, the total last
    return min(
        shown,
        key=lambda cell: (cell == relation.total, values[cell[1]][cell[0]] == 0, values[cell[1]][cell[0]]),
        default=None,
    )
