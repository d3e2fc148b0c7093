"""Draws that are analysed together against the primary analysis itself, one by one: the largest difference.

Both searches may end up to 1e-6 standard errors of a covariance parameter beside the maximum. With --tight both go on
until rounding ends them, and what then is left says whether the two compute the same.
"""

import argparse
import importlib
import os
import sys
import warnings
from pathlib import Path

from results_files import THREADS, say, table

os.environ.update(THREADS)

from primary_analysis import FIRST_SEED

SEARCHES = ("kap_analysis.mixed.estimation.newton", "kap_analysis.mixed.many.newton")


def search_tightly() -> None:
    """Let every search of this process go on; before anything imports it."""
    for name in SEARCHES:
        module = importlib.import_module(name)
        text = Path(str(module.__file__)).read_text(encoding="utf-8")
        tight = text.replace("1e-15 *", "1e-24 *").replace("DECREMENT = 1e-10", "DECREMENT = 1e-19")
        exec(compile(tight, str(module.__file__), "exec"), vars(module))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=25, help="of each setting")
    parser.add_argument("--tight", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.tight:
        search_tightly()
    from primary_analysis_settings import NAMES, analyse_alone, analyse_draws

    rows = []
    for name in NAMES:
        seeds = range(FIRST_SEED, FIRST_SEED + arguments.draws)
        found, alone = analyse_draws(name, seeds)
        largest, otherwise = [0.0, 0.0, 0.0], 0
        for seed, together in zip(seeds, found, strict=True):
            one = analyse_alone(name, seed)
            if one is None or together is None:
                otherwise += (one is None) != (together is None)
                continue
            for candidate, a in one.items():
                b = together[candidate]
                apart = abs(a.estimate - b.estimate) / a.std_error, a.std_error / b.std_error - 1, a.df / b.df - 1
                largest = [max(old, abs(new)) for old, new in zip(largest, apart, strict=True)]
                otherwise += a[3:] != b[3:]
        rows.append([name, alone, *(f"{value:.0e}" for value in largest), otherwise])
        say(f"{name}: done")
    header = ["setting", "analysed alone", "estimate, SE", "SE, relative", "df, relative", "another rung or boundary"]
    print(table(header, rows))


if __name__ == "__main__":
    sys.exit(main())
