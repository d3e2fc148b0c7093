"""What is wrong with a map, told with its line."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from kap_analysis.errors import IntakeError, quoted
from kap_analysis.instruments.registry import registry_names
from kap_analysis.intake.identification.shown import shown_name
from kap_analysis.intake.mapping.map_content import MEASURES, OPEN, OWN_VALUES
from kap_analysis.study.contract.dictionary import TABLES
from kap_analysis.study.contract.problems import Problems, problem_lines
from kap_analysis.suggestions import nearest_name

_NAMES_LISTED: Final = 60


def stop(heading: str, problems: Problems) -> None:
    """Raise with all problems, if there are any."""
    if len(problems):
        frame = problems.frame()
        lines = problem_lines(frame)
        count = f"{len(frame):,} problem{'s' if len(frame) != 1 else ''}"
        raise IntakeError("\n".join((f"{heading}: {count}.", *lines)), frame)


class MapProblems:
    """The problems of one map."""

    def __init__(self, lines: Sequence[str], name: str, problems: Problems) -> None:
        self.lines, self.name, self.problems = lines, name, problems
        self.block, self.column = 0, ""

    def enter(self, header: str, number: int = 0) -> None:
        """Begin with a block of the map: the one of this number that its header (``[[table]]``) opens."""
        starts = [n for n, line in enumerate(self.lines) if line.strip().startswith(header)]
        self.block = starts[number] if number < len(starts) else 0
        self.column = ""

    def wrong(self, word: str, found: str, expected: str) -> None:
        """Tell a problem at the first line of the block, from its column on, that holds a word; else where that is."""
        begin = self._first(self.block, self.column, self.block)
        self.problems.add(self.name, found, expected, row=self._first(begin, word, begin) + 1)

    def _first(self, start: int, word: str, otherwise: int) -> int:
        lines = enumerate(self.lines[start:], start)
        return next((n for n, line in lines if word and word in line.split("#")[0]), otherwise)

    def known(self, given: Any, known: Collection[str], what: str) -> bool:
        """Whether a name is one of a list; the nearest is offered where it is not."""
        if isinstance(given, str) and (given in known or given == OPEN):
            return True
        near = nearest_name(str(given), list(known))
        listed = f"one of {', '.join(known)}" if len(known) < _NAMES_LISTED else "docs/import.md"
        self.wrong(str(given), f"the {what} {_shown(given)}", f"{near}, written exactly so" if near else listed)
        return False

    def level(self, role: str, value: str) -> bool:
        """Whether a value of a closed list is one of the list."""
        if value in ("", OPEN, *OWN_VALUES.get(role, ())):
            return True
        if role == "instrument":
            return self.known(value, registry_names(), "instrument")
        if role == "session_measures.measure":
            return self.known(value, MEASURES, "measure")
        if role == "row":
            return self.known(value, OWN_VALUES[role], "value")
        if "." not in role:
            return True
        table, column = role.split(".", 1)
        spec = TABLES[table].columns[column]
        return not spec.level_names or self.known(value, spec.level_names, "value")


def _shown(given: Any) -> str:
    """Quote what the map says, or its pattern where it looks like an identifier."""
    name = shown_name(given) if isinstance(given, str) else given
    return quoted(name) if name == given else str(name)
