"""Which counts to withhold: the small ones, and enough others that no sum gives them back."""

from collections.abc import Collection

from kap_analysis.disclosure.bounds import given_away
from kap_analysis.disclosure.policy import MINIMUM_COUNT, is_small
from kap_analysis.disclosure.relations import Cell, Relation, Sums

#: One reason for both: that a count is withheld for the sake of another would say that it is not small itself.
SMALL = f"fewer than {MINIMUM_COUNT}, or would give such a count back"


def cells_to_withhold(
    sums: Sums, *, hidden: Collection[Cell] = frozenset(), shown: Collection[Cell] = frozenset()
) -> set[Cell]:
    """The counts that may not be shown.

    Parameters
    ----------
    sums : Sums
    hidden : collection of cells
        Those that are withheld in any case.
    shown : collection of cells
        Those that are known in any case, because another result shows the same number.

    First every count of 1 to 10. Then, for each sum that holds, until nothing changes: where the withheld cells of
    a sum could be worked out from those that are shown, alone or together, the smallest shown one is withheld too.
    A zero is withheld only when nothing else is left. At last all sums are solved together, and more is withheld
    until every count of 1 to 10 could as well be 0.
    """
    state = _State(sums, hidden, shown)
    while True:
        state.protect_each_sum()
        exposed = given_away(sums.values, sums.relations, state.hidden())
        more = [cell for cell in exposed if state.withhold_beside(cell)]
        if not more:
            return state.withheld


class _State:
    """What is withheld so far."""

    def __init__(self, sums: Sums, hidden: Collection[Cell], shown: Collection[Cell]) -> None:
        self.sums = sums
        self.known = set(shown)
        few = {cell for cell, n in sums.values.items() if cell not in sums.told_by and is_small(n)}
        self.withheld = (few | set(hidden)) - self.known
        self.beside: dict[Cell, list[Relation[Cell]]] = {}
        for relation in sums.relations:
            for cell in relation.cells:
                self.beside.setdefault(cell, []).append(relation)

    def is_hidden(self, cell: Cell) -> bool:
        """Whether a cell is withheld; one in no column is hidden while one of the counts that give it is."""
        told = self.sums.told_by.get(cell)
        if told is None:
            return cell in self.withheld
        return len(told) > 1 or told[0] in self.withheld

    def stands_nowhere(self, cell: Cell) -> bool:
        """Whether a cell stands in no column and is not small, so that nobody minds who can work it out."""
        return cell in self.sums.told_by and not is_small(self.sums.values[cell])

    def hidden(self) -> set[Cell]:
        return {cell for cell in self.sums.values if self.is_hidden(cell)}

    def protect_each_sum(self) -> None:
        waiting = dict.fromkeys(self.sums.relations)
        while waiting:
            relation = next(iter(waiting))
            del waiting[relation]
            cell = self._next_to_withhold(relation)
            if cell is not None:
                waiting |= dict.fromkeys(self._withhold(cell))

    def withhold_beside(self, exposed: Cell) -> bool:
        """Withhold one more count of the sums that give a cell away; False if none is left."""
        seen, frontier = {exposed}, [exposed]
        while frontier:
            relations = [r for cell in frontier for r in self.beside.get(cell, [])]
            choices = [self._choice(r, [c for c in r.cells if not self.is_hidden(c)]) for r in relations]
            found = [cell for cell in choices if cell is not None]
            if found:
                self._withhold(min(found, key=lambda cell: (self.sums.values[cell] == 0, self.sums.values[cell], cell)))
                return True
            frontier = [c for r in relations for c in r.cells if c not in seen]
            seen |= set(frontier)
        return False

    def _withhold(self, cell: Cell) -> list[Relation[Cell]]:
        """Withhold a cell, or the count that gives it; return the sums that this touches."""
        real = next((c for c in reversed(self.sums.told_by.get(cell, (cell,))) if c not in self.known), cell)
        self.withheld.add(real)
        return [*self.beside.get(real, []), *(self.beside.get(cell, []) if cell != real else [])]

    def _next_to_withhold(self, relation: Relation[Cell]) -> Cell | None:
        values = self.sums.values
        hidden = [cell for cell in relation.cells if self.is_hidden(cell)]
        if not hidden or all(self.stands_nowhere(cell) for cell in hidden):
            return None
        shown = [cell for cell in relation.cells if not self.is_hidden(cell)]
        if len(relation.parts) == 1:  # the same number twice
            return next((cell for cell in shown if cell not in self.known), None)
        known_sum = sum(values[cell] for cell in relation.parts if self.is_hidden(cell))
        still_small = not self.is_hidden(relation.total) and is_small(known_sum)
        return self._choice(relation, shown) if len(hidden) == 1 or still_small else None

    def _choice(self, relation: Relation[Cell], shown: list[Cell]) -> Cell | None:
        """Smallest count first, zeros after every other, the total last; none of what is known in any case."""
        values = self.sums.values
        shown = [cell for cell in shown if cell not in self.known]
        return min(shown, key=lambda cell: (cell == relation.total, values[cell] == 0, values[cell]), default=None)
