"""Peak memory of one fit against its frame, in a process of its own: one JSON object on standard output.

Two measures, because neither sees everything: tracemalloc counts what Python and NumPy allocate, the resident set
(Linux only) also what libraries allocate.
"""

import argparse
import gc
import json
import os
import sys
import tracemalloc
from pathlib import Path

from results_files import THREADS

os.environ.update(THREADS)

from patients import draw_patients

from kap_analysis.mixed.model import mixedlm

CLEAR, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def resident(name: str) -> int:
    """VmRSS or VmHWM in bytes; 0 where there is no such file."""
    if not STATUS.exists():
        return 0
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(name))
    return 1024 * int(line.split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formula")
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--ddf", default="satterthwaite")
    parser.add_argument("--trace", action="store_true", help="tracemalloc instead of the resident set")
    arguments = parser.parse_args()
    small = draw_patients(200)
    mixedlm(arguments.formula, small).fit(ddf=arguments.ddf).coefficients()
    frame = draw_patients(arguments.patients)
    size = int(frame.memory_usage(deep=True).sum())
    gc.collect()
    if arguments.trace:
        tracemalloc.start()
        before = 0
    else:
        if CLEAR.exists():
            CLEAR.write_text("5")
        before = resident("VmRSS")
    mixedlm(arguments.formula, frame).fit(ddf=arguments.ddf).coefficients()
    peak = tracemalloc.get_traced_memory()[1] if arguments.trace else resident("VmHWM") - before
    print(json.dumps({"rows": len(frame), "frame_bytes": size, "peak_above_frame_bytes": peak}))


if __name__ == "__main__":
    sys.exit(main())
