"""What withheld counts can be, given all that is shown: linear programming over every sum at once.

A count of 1 to 10 is given away if the sums that hold do not allow it to be 0: then it is known not to be 0, and
perhaps to the number. If it can be 0, it has two possible values at least, 0 and its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from kap_analysis.disclosure.policy import is_small
from kap_analysis.disclosure.relations import Relation

C = TypeVar("C")
#: Counts are whole; the solver is exact to far less than this.
NEARLY_ZERO: Final = 1e-6


def given_away(values: Mapping[C, float], relations: Sequence[Relation[C]], hidden: set[C]) -> list[C]:
    """The hidden counts of 1 to 10 that cannot be 0.

    Parameters
    ----------
    values : mapping of cell -> its true number
    relations : sequence of Relation
        The sums that hold.
    hidden : set of cells
        Those that are not shown.
    """
    sums = []
    for relation in relations:
        terms = [(relation.total, 1.0), *((part, -1.0) for part in relation.parts)]
        unknown = [(cell, sign) for cell, sign in terms if cell in hidden]
        if any(is_small(values[cell]) for cell, _ in unknown) or len(unknown) > 1:
            sums.append((unknown, -sum(sign * values[cell] for cell, sign in terms if cell not in hidden)))
    if not sums:
        return []
    cells = list(dict.fromkeys(cell for unknown, _ in sums for cell, _ in unknown))
    place = {cell: i for i, cell in enumerate(cells)}
    links = np.array([(place[unknown[0][0]], place[cell]) for unknown, _ in sums for cell, _ in unknown])
    graph = csr_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(len(cells), len(cells)))
    _, label = connected_components(graph, directed=False)
    together: dict[int, list[tuple[list[tuple[C, float]], float]]] = {}
    for unknown, right in sums:
        together.setdefault(int(label[place[unknown[0][0]]]), []).append((unknown, right))
    return [cell for part in together.values() for cell in _not_zero(part, values)]


def _not_zero(sums: list[tuple[list[tuple[C, float]], float]], values: Mapping[C, float]) -> Iterable[C]:
    from scipy.optimize import linprog

    cells = list(dict.fromkeys(cell for unknown, _ in sums for cell, _ in unknown))
    waiting = {i for i, cell in enumerate(cells) if is_small(values[cell])}
    if not waiting:
        return
    place = {cell: i for i, cell in enumerate(cells)}
    entries = [(row, place[cell], sign) for row, (unknown, _) in enumerate(sums) for cell, sign in unknown]
    rows, columns, signs = (np.array(part) for part in zip(*entries, strict=True))
    left = csr_array((signs, (rows, columns)), shape=(len(sums), len(cells)))
    right = np.array([number for _, number in sums])
    goals = [sorted(waiting)]  # all at once first: those that are 0 together need no question of their own
    while waiting:
        goal = np.zeros(len(cells))
        asked = goals.pop() if goals else [min(waiting)]
        goal[asked] = 1.0
        answer = linprog(goal, A_eq=left, b_eq=right, bounds=(0, None), method="highs")
        can_be_zero = {i for i in waiting if answer.x[i] < NEARLY_ZERO} if answer.status == 0 else set()
        waiting -= can_be_zero
        if len(asked) == 1 and asked[0] in waiting:
            waiting.discard(asked[0])
            yield cells[asked[0]]
