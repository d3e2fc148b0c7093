"""2,000 random datasets, fitted here and by lme4 (bars) or mmrm and nlme (unstructured residual), by REML.

How often each converges, how often our criterion (-2 log restricted likelihood) is lower or higher, and every loss with
its seed: `random_designs.draw_case(seed)` gives the data back. The peers run where there is an Rscript with them; give
R's library of packages in R_LIBS if it is not the usual one.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from results_files import HERE, RESULTS, THREADS, r_versions, say, table, versions, write

os.environ.update(THREADS)

import numpy as np
import pandas as pd
from random_designs import Case, draw_case

from kap_analysis.mixed.errors import MixedModelError
from kap_analysis.mixed.model import mixedlm

NOISE = 1e-6
PEERS = ("lme4", "mmrm", "nlme")
VERDICTS = ["lower", "equal", "higher", "only ours fits", "only the peer fits", "neither fits", "not the same columns"]
LOSSES = ["higher", "only the peer fits", "not the same columns"]


def fit_ours(case: Case) -> dict[str, object]:
    """What our engine makes of a case."""
    began = time.perf_counter()
    row = {"seed": case.seed, "family": case.family, "traits": " ".join(case.traits), "n": len(case.frame)}
    row |= {"criterion": np.nan, "p": np.nan, "converged": False, "singular": None, "note": ""}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = mixedlm(case.formula, case.frame).fit()
        row |= {"criterion": fit.criterion, "p": len(fit.params), "converged": fit.converged, "singular": fit.singular}
    except MixedModelError as error:
        row["note"] = str(error)
    except Exception as error:
        row["note"] = f"NOT FORESEEN: {type(error).__name__}: {error}"
    return row | {"seconds": round(time.perf_counter() - began, 4)}


def fit_peers(cases: list[Case]) -> pd.DataFrame:
    """What R makes of some cases: ``seed software criterion p converged singular note``."""
    columns = ["seed", "software", "criterion", "p", "converged", "singular", "note"]
    with tempfile.TemporaryDirectory() as folder:
        listed = []
        for case in cases:
            file = Path(folder, f"{case.seed}.csv")
            case.frame.to_csv(file, index=False, float_format="%.17g")
            listed.append({"seed": case.seed, "family": case.family, "formula": case.peer_formula, "file": str(file)})
        Path(folder, "cases.json").write_text(json.dumps(listed))
        out = Path(folder, "out.csv")
        command = ["Rscript", str(HERE / "sweep_peers.R"), str(Path(folder, "cases.json")), str(out)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        return pd.read_csv(out, names=columns, na_values=["NA"])


def compare(ours: pd.DataFrame, peers: pd.DataFrame) -> pd.DataFrame:
    """One row per case and peer: both criteria, and who is lower."""
    both = ours.merge(peers, on="seed", suffixes=("", "_peer"))
    difference = both["criterion"] - both["criterion_peer"]
    ours_only, peer_only = both["criterion_peer"].isna(), both["criterion"].isna()
    other_columns = both["p"] != both["p_peer"]
    chosen = [ours_only & peer_only, ours_only, peer_only, other_columns, difference > NOISE, difference < -NOISE]
    names = ["neither fits", "only ours fits", "only the peer fits", "not the same columns", "higher", "lower"]
    verdict = np.select(chosen, names, "equal")
    return both.assign(difference=difference, verdict=verdict)


def as_markdown(ours: pd.DataFrame, both: pd.DataFrame) -> str:
    """The tables of the sweep."""
    converged, singular = 100 * ours["converged"].mean(), int(ours["singular"].eq(True).sum())
    lines = [f"{len(ours):,} datasets; ours converged in {converged:.1f}%, {singular:,} of them singular."]
    rows = []
    for (family, software), some in both.groupby(["family", "software"], sort=True):
        counts = some["verdict"].value_counts()
        shares = f"{100 * some['converged'].mean():.1f}", f"{100 * some['converged_peer'].eq(True).mean():.1f}"
        rows.append([family, software, len(some), *shares, *(int(counts.get(name, 0)) for name in VERDICTS)])
    if rows:
        header = ["model", "peer", "datasets", "ours converged, %", "peer converged, %", *VERDICTS]
        lines += ["", f"Our criterion against the peer's, apart by more than {NOISE:g}:", "", table(header, rows)]
    losses = both[both["verdict"].isin(LOSSES)]
    lines += ["", f"Losses: {len(losses)}." if len(both) else "No peer was there to compare with."]
    if len(losses):
        header = ["seed", "model", "traits", "rows", "peer", "ours", "peer's", "verdict", "what ours said"]
        six = "{:.6f}".format
        shown = losses.assign(ours=losses["criterion"].map(six), peer=losses["criterion_peer"].map(six))
        shown["note"] = shown["note"].str.replace("|", "\\|", regex=False)
        columns = ["seed", "family", "traits", "n", "software", "ours", "peer", "verdict", "note"]
        lines += ["", table(header, shown[columns].to_numpy().tolist())]
    refused = ours.loc[~ours["converged"], "note"].str.replace(r"[\d.]+|'[^']*'", "…", regex=True).value_counts()
    if len(refused):
        sentences = [[times, sentence.replace("|", "\\|")] for sentence, times in refused.items()]
        lines += ["", "What ours said where it gave no fit:", "", table(["times", "sentence"], sentences)]
    return "\n".join(lines)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--batch", type=int, default=200, help="datasets per run of R")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument("--only-show", action="store_true", help="write nothing into results/")
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    with_peers = not arguments.no_peers and shutil.which("Rscript") is not None
    ours, peers = [], []
    seeds = range(arguments.first, arguments.first + arguments.datasets)
    for start in range(0, len(seeds), arguments.batch):
        cases = [draw_case(seed) for seed in seeds[start : start + arguments.batch]]
        ours += [fit_ours(case) for case in cases]
        if with_peers:
            peers.append(fit_peers(cases))
        say(f"{len(ours)} of {len(seeds)} datasets")
    frame = pd.DataFrame(ours)
    columns = ["seed", "software", "criterion", "p", "converged", "singular", "note"]
    both = compare(frame, pd.concat(peers) if peers else pd.DataFrame(columns=columns).astype({"seed": int}))
    markdown = as_markdown(frame, both)
    if arguments.only_show:
        print(markdown)
        return
    RESULTS.mkdir(exist_ok=True)
    both.to_csv(RESULTS / "sweep_cases.csv", index=False)
    losses = both[both["verdict"].isin(LOSSES)]
    content = {
        "versions": versions(),
        "peers": r_versions(PEERS) if with_peers else {},
        "datasets": len(frame),
        "converged": int(frame["converged"].sum()),
        "verdicts": both.groupby("software")["verdict"].value_counts().unstack(fill_value=0).to_dict("index"),
        "losses": json.loads(losses.to_json(orient="records")),
    }
    write("sweep", content, markdown)


if __name__ == "__main__":
    sys.exit(main())
