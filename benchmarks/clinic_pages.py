"""How long the pages of the clinic take, from a loaded study to the file: the review of a practice, and one patient.

For the shipped study and for a drawn one of 20,000 patients. CPU time: a busy machine changes it less than the clock.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from results_files import say, table, versions, write

import kap_analysis as kap

STUDY = Path(__file__).parent.parent / "data" / "three_practices"
#: Patients -> seconds of CPU that a page may take.
REQUIRED = {235: 3.0, 20_000: 30.0}


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def make_pages(study: kap.Study, folder: Path) -> dict[str, float]:
    """Seconds of each page, every one from a study that has made no outcomes yet."""
    patient = str(study.patients["patient_id"].iloc[0])
    ids = list(study.patients["patient_id"])

    def fresh() -> kap.Study:
        return study.of_patients(ids)

    a, b = fresh(), fresh()
    return {
        "review of a practice": cpu_seconds(
            lambda: kap.write_review(kap.review_practice(a, practice="A"), folder / "review.html")
        ),
        "page of a patient": cpu_seconds(
            lambda: kap.write_patient_page(kap.review_patient(b, patient), folder / "patient.html")
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", type=int, choices=tuple(REQUIRED), help="this number of patients alone")
    given = parser.parse_args()
    seconds: dict[str, list[float]] = {}
    rows = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for n in [given.only] if given.only else REQUIRED:
            if n == 235:
                study = kap.load_study(STUDY)
            else:
                kap.write_study(kap.simulate_study(n, seed=1), folder / "study")
                study = kap.load_study(folder / "study")
            for at in range(given.runs + 1):  # the first imports what is needed
                for page, taken in make_pages(study, folder).items():
                    if at:
                        seconds.setdefault(f"{page}, {n:,} patients", []).append(taken)
                say(f"{n:,} patients, run {at} of {given.runs}")
            for name in [one for one in seconds if one.endswith(f" {n:,} patients")]:
                middle = statistics.median(seconds[name])
                met = "yes" if middle <= REQUIRED[n] else "no"
                rows.append([name, f"{middle:.2f}", f"at most {REQUIRED[n]:g}", met])
    header = ["page", "CPU seconds", "required", "met"]
    text = f"Median of {given.runs} runs, one thread, from a loaded study to the file.\n\n{table(header, rows)}"
    if given.only:
        say(text)
        return
    write("clinic_pages", {"versions": versions(), "seconds": seconds}, text)


if __name__ == "__main__":
    sys.exit(main())
