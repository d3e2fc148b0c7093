"""Differences between our numbers and R's, by quantity: the worst of each with the tolerance that a test holds."""

import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests import places  # noqa: E402, F401
from tests.mixed import reference_values as values  # noqa: E402
from tests.mixed.inference import test_anova as terms  # noqa: E402

HEADER = ["quantity", "R", "compared", "worst", "tolerance", "worst in", "test"]
UNITS = {"standard errors": "SE", "relative": "rel.", "absolute": "abs.", "relative to the largest": "rel."}


@dataclass(frozen=True)
class Difference:
    """The largest difference of one comparison, and what a test allows it."""

    size: float
    tolerance: float
    unit: str
    where: str
    test: str


@dataclass
class Agreement:
    """Differences as they are found, by quantity and peer."""

    found: dict[tuple[str, str], list[Difference]] = field(default_factory=dict)

    def add(self, what: str, peer: str, where: str, size: float, unit: str, tolerance: float, test: Any) -> None:
        """One difference in a unit, with the tolerance that the module of tests holds it to."""
        name = Path(test.__file__).name
        self.found.setdefault((what, peer), []).append(Difference(float(size), tolerance, unit, where, name))

    def worst(self) -> list[dict[str, object]]:
        """One record per quantity and peer: the worst difference and where it stands."""
        records = []
        for (what, peer), all_found in self.found.items():
            one = max(all_found, key=lambda difference: difference.size)
            records.append({"quantity": what, "peer": peer, "compared": len(all_found), **asdict(one)})
        return records

    def rows(self) -> list[list[object]]:
        """The same as cells of a table."""
        return [
            [
                one["quantity"],
                one["peer"],
                one["compared"],
                f"{one['size']:.1e} {UNITS[str(one['unit'])]}".replace("-", "\N{NON-BREAKING HYPHEN}").replace(
                    " ", "&nbsp;"
                ),
                f"{one['tolerance']:.1e}".replace("-", "\N{NON-BREAKING HYPHEN}"),
                str(one["where"]).removesuffix(".json").replace("_", " "),
                str(one["test"]).removeprefix("test_").removesuffix(".py").replace("_", " "),
            ]
            for one in self.worst()
        ]

    def outside(self) -> list[str]:
        """What is farther off than its test allows."""
        return [
            f"{what}, {peer}, {one.where}: {one.size:.2e} over {one.tolerance:.2e}"
            for (what, peer), all_found in self.found.items()
            for one in all_found
            if one.size > one.tolerance
        ]


def all_terms(
    agreement: Agreement,
    what: str,
    peer: str,
    where: str,
    found: Any,
    expected: Any,
    test: Any,
    error: float,
    df: float,
) -> None:
    """A table of coefficients, means or contrasts: estimates, standard errors, and df where `df` is above 0."""
    sizes = {
        "estimates": (values.in_errors(found, expected), "standard errors", test.ESTIMATE),
        "standard errors": (values.relative(found["std_error"], expected["std_error"]), "relative", error),
    }
    if df:
        sizes["df"] = (values.relative(found["df"], expected["df"]), "relative", df)
    for name, (size, unit, tolerance) in sizes.items():
        agreement.add(f"{what}: {name}", peer, where, size, unit, tolerance, test)


def f_tests(agreement: Agreement, peer: str, where: str, found: Any, expected: Any, df: float) -> None:
    root = np.abs(np.sqrt(np.asarray(found["statistic"], float)) - np.sqrt(np.asarray(expected["statistic"], float)))
    relative = np.max(root / np.maximum(np.sqrt(np.asarray(expected["statistic"], float)), 0.1))
    agreement.add("type-3 F tests: root of F", peer, where, relative, "relative", terms.STATISTIC, terms)
    gap = values.relative(found["df_den"], expected["df_den"])
    kind = "Kenward-Roger" if df == terms.KENWARD_ROGER else "Satterthwaite"
    agreement.add(f"type-3 F tests: {kind} df", peer, where, gap, "relative", df, terms)
