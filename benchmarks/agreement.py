"""How close every number of the mixed models comes to that of R: the worst difference of each quantity.

    python benchmarks/agreement.py

Reads the pairs in tests/reference and, where it is there, the folder ../shared/reference; the comparisons and their
tolerances are those of the tests. Writes results/agreement.*, and the tables in README.md and docs/correctness.md.
Exit 1 when a difference is outside the tolerance of its test.
"""

import argparse
import sys
import warnings

from agreement_found import HEADER, Agreement, places, values
from agreement_pairs import means_and_contrasts, other_packages, pairs_of_lmer, what_follows
from agreement_shared import lower_criteria, residual_variances, shared, shared_lme4, shared_mmrm
from results_files import say, table, versions, write


def software() -> list[list[object]]:
    """Each file of results of R that is read, and what made it."""
    found: dict[str, list[str]] = {}
    for folder in (places.SHARED, places.PAIRS):
        for path in sorted(folder.glob("*.json")):
            found.setdefault(values.read_json(folder, path.stem)["software"], []).append(path.name)
    return [[made, ", ".join(names)] for made, names in found.items() if "clinicalsignificance" not in made]


def section(agreement: Agreement) -> str:
    return table(HEADER, agreement.rows())


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    warnings.simplefilter("ignore")
    beside, own = Agreement(), Agreement()
    parts = ["SE: in standard errors; rel.: relative; abs.: absolute."]
    if places.SHARED.is_dir():
        for compare in (shared_lme4, shared_mmrm, residual_variances):
            say(f"../shared/reference: {compare.__name__}")
            compare(beside)
        lower = table(["file", "R's criterion minus ours"], lower_criteria())
        parts += [
            f"**The files of `../shared/reference`**\n\n{section(beside)}",
            "R's optimiser stopped above our criterion by more than "
            f"{shared.NOTABLE:g} here, and ours is the better fit. The tolerance there grows by {shared.SHARE:g} "
            f"times the root of the gap.\n\n{lower}",
        ]
    for compare in (pairs_of_lmer, means_and_contrasts, other_packages, what_follows):
        say(f"tests/reference: {compare.__name__}")
        compare(own)
    parts.append(f"**The pairs of `tests/reference`**\n\n{section(own)}")
    parts.append(f"**What made the files**\n\n{table(['software', 'files'], software())}")
    text = "\n\n".join(parts)
    write("agreement", {"versions": versions(), "worst": beside.worst() + own.worst()}, text)
    outside = beside.outside() + own.outside()
    for line in outside:
        say(f"Outside its tolerance: {line}")
    return int(bool(outside))


if __name__ == "__main__":
    sys.exit(main())
