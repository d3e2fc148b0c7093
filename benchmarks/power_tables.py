"""The tables of power.py."""

from results_files import table

BAR = 100
AGREEMENT = 1e-3


def analytic_markdown(found: dict[str, object]) -> str:
    rows = []
    for row in found["rows"]:
        peer = row["peer"]
        seconds = float("nan") if peer is None else peer["seconds"]
        measures = ("std_error", "df", "power")
        apart = float("nan") if peer is None else max(abs(row[name] / peer[name] - 1) for name in measures)
        met = "peer absent" if peer is None else yes(seconds / row["units"] >= BAR and apart <= AGREEMENT)
        shared = [f"{1e3 * seconds:.0f}", f"{apart:.0e}"]
        required = f"{BAR} times, {AGREEMENT:g}"
        for way, key, *bar in (
            ("sums over units", "units", required, met),
            ("`MixedModel.expected`, the model built anew", "rows", "", ""),
        ):
            rows.append([row["times"], way, f"{1e3 * row[key]:.2f}", *shared, f"{seconds / row[key]:.0f}", *bar])
    header = ["times", "ours", "ours, ms", "powerlmm, ms", "largest relative difference", "times faster", "required"]
    return (
        "Analytic power of powerlmm's own model: three levels, slope by format, 100 patients (50 individual, 10 "
        "cohorts of 5), df by Satterthwaite; standard error, df and power are compared. CPU time, one thread.\n\n"
        + table([*header, "met"], rows)
        + "\n\nThe primary model of `kap power` (235 patients, three visits, a third lost, Kenward-Roger): "
        f"{1e3 * found['primary']:.0f} ms by formula."
    )


def yes(met: bool) -> str:
    return "yes" if met else "no"


def simulated_markdown(found: list[dict[str, object]]) -> str:
    rows = [
        [row["design"], *_both(row["power"], 100, 1), *_both(row["type_1_error"], 100, 2), *_both(row["width"], 1, 3)]
        for row in found
    ]
    header = ["design"]
    for measure in ("power, %", "type I error, %", "width, points"):
        header += [f"{measure}: formula", "simulated", "apart, MC errors"]
    far = [row["design"] for row in found if abs(_apart(row["power"])) > 3]
    n = ", ".join(dict.fromkeys(f"{row['n_draws']:,}" for row in found))
    return "\n\n".join(
        [
            f"Power by formula and by {n} studies drawn and analysed; in brackets the Monte Carlo error.",
            table(header, rows),
            f"Beyond three Monte Carlo errors in power: {'; '.join(far)}."
            if far
            else "The power of every design is within three Monte Carlo errors of the formula.",
        ]
    )


def _apart(one: dict[str, float]) -> float:
    return (one["simulated"] - one["formula"]) / one["mc_error"]


def _both(one: dict[str, float], scale: float, digits: int) -> list[str]:
    formula, simulated, error = (f"{scale * one[name]:.{digits}f}" for name in ("formula", "simulated", "mc_error"))
    return [formula, f"{simulated} ({error})", f"{_apart(one):+.1f}"]


def widths_markdown(found: list[dict[str, object]]) -> str:
    rows = [
        [
            row["design"],
            *(f"{row[name]:.3f}" for name in ("formula", "drawn", "free")),
            f"{row['bounded']:.3f} ({row['bound_error']:.3f})",
            f"{100 * row['singular']:.0f}",
        ]
        for row in found
    ]
    header = [
        "design",
        "formula",
        "the same at the drawn rows",
        "fits without the bound",
        "fits",
        "cohort variance 0, %",
    ]
    return (
        "Why simulated intervals are a little wider: the formula averages the information over baseline scores and "
        "losses, and a study has one set of them; and the variance of the cohorts is estimated as 0 or more, which "
        f"widens some intervals. Mean widths of {found[0]['n_draws']} drawn studies, in brackets the Monte Carlo error "
        "of what the bound adds.\n\n" + table(header, rows)
    )


REPORTS = {"analytic": analytic_markdown, "simulated": simulated_markdown, "widths": widths_markdown}
