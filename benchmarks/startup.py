"""How long a fresh Python takes to its first answers, beside the import of pandas in the same run.

Whole processes in turn; the figure is the CPU time (user and system), which a busy machine changes less than the clock.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from results_files import THREADS, say, table, versions, write

STUDY = Path(__file__).parent.parent / "data" / "three_practices"
LOAD = f"import kap_analysis as kap; study = kap.load_study({str(STUDY)!r})"
FIT = "kap.mixedlm('score ~ visit*format + baseline + (1 | patient_id)', study.outcomes().frame).fit()"
#: Work, program, and the most that it may take as a multiple of the import of pandas.
WORK = {
    "import pandas": ("import pandas", None),
    "import kap_analysis": ("import kap_analysis", 1),
    "import, load and validate the shipped study": (LOAD, 3),
    "the same and a first fit": (f"{LOAD}; {FIT}", 4),
}


def cpu_seconds(program: str) -> float:
    """CPU time of one fresh process."""
    before = os.times()
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, **THREADS})
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    seconds: dict[str, list[float]] = {name: [] for name in WORK}
    for at in range(runs + 1):  # the first warms the disk's cache
        for name, (program, _) in WORK.items():
            taken = cpu_seconds(program)
            if at:
                seconds[name].append(taken)
        say(f"run {at} of {runs}")
    rows = []
    for name, (_, most) in WORK.items():
        pairs = zip(seconds[name], seconds["import pandas"], strict=True)
        ratio = statistics.median(one / other for one, other in pairs)
        limit = ["", ""] if most is None else [f"at most {most}", "yes" if ratio <= most else "no"]
        rows.append([name, f"{statistics.median(seconds[name]):.2f}", f"{ratio:.2f}", *limit])
    header = ["work", "CPU seconds", "times the import of pandas", "required", "met"]
    text = f"Median of {runs} fresh processes of each, in turn, one thread.\n\n{table(header, rows)}"
    write("startup", {"versions": versions(), "seconds": seconds}, text)


if __name__ == "__main__":
    sys.exit(main())
