"""One file in which single patients can be looked at: for those who treat them, or of simulated patients."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader

from kap_analysis.analysis.clinical_change.significant_change import clinical_change
from kap_analysis.analysis.formats import recorded_words
from kap_analysis.columns import DAY, FORMAT, GROUP, INDIVIDUAL, MIXED, PATIENT_ID, PRACTICE, SCORE
from kap_analysis.disclosure.gate import is_open
from kap_analysis.errors import KapError, ReportError
from kap_analysis.figures.page.style import THEMES
from kap_analysis.instruments.instrument import Instrument
from kap_analysis.report.notebook_page import TEMPLATES, read_style
from kap_analysis.study.study import Study
from kap_analysis.study.timing.attendance import ketamine_sessions
from kap_analysis.writing.escapes import visible
from kap_analysis.writing.names import class_name, readable
from kap_analysis.writing.numbers import count, plural

FILE_NAME: Final = "patients.html"
LIBRARIES: Final = ("altair", "vl_convert")
#: A page with more small panels than this is slow to open and too long to read.
MOST_PATIENTS: Final = 400
SEED: Final = 20190402
COLUMNS: Final = 6
EVERY: Final = "all"
CHANGE: Final = "reliable_change"
DIAGNOSIS: Final = "primary_diagnosis"
SHAPES: Final = {INDIVIDUAL: "circle", GROUP: "square", MIXED: "triangle-up"}
#: What is told of the score that is pointed at: column -> its kind and its title.
TOLD: Final = {
    PATIENT_ID: ("N", "Patient"),
    DAY: ("Q", "Day"),
    SCORE: ("Q", "Score"),
    "band": ("N", "Band"),
    "sessions": ("Q", "Ketamine sessions until then"),
    DIAGNOSIS: ("N", "Diagnosis"),
    CHANGE: ("N", "Reliable change"),
}
FILTERS: Final = {PRACTICE: "Practice ", FORMAT: "Format ", DIAGNOSIS: "Diagnosis ", CHANGE: "Reliable change "}


def can_explore() -> bool:
    """Whether the libraries that draw the patients are installed: ``pip install kap-analysis[explorer]``."""
    return all(find_spec(name) is not None for name in LIBRARIES)


def explorer_of(study: Study, folder: Path, banner: str, meaning: str) -> str:
    """The name of the explorer's file, once it is written; empty for a public study, without libraries or scores.

    What the explorer cannot show of a study does not cost the run.
    """
    if not is_open(study.settings.visibility, study.is_simulated) or not can_explore():
        return ""
    try:
        return write_explorer(study, folder, banner=banner, meaning=meaning).name
    except KapError:
        return ""


def write_explorer(study: Study, folder: Path, *, banner: str = "PRIVATE", meaning: str = "") -> Path:
    """Write one HTML file with a small panel per patient: scores by day, with band and sessions, and filters.

    Parameters
    ----------
    study : Study
        Private, or simulated. Of more than 400 patients 400 are drawn by lot, and the page says so.
    folder : path
        Where ``patients.html`` goes. It holds its libraries and loads nothing.
    banner, meaning : str
        As on the other pages.

    Returns
    -------
    The file.

    Raises
    ------
    ReportError
        For a public study of real patients, or if the libraries are not installed.
    AnalysisError, StudyError
        If the study has no scores of the primary instrument.
    """
    if not is_open(study.settings.visibility, study.is_simulated):
        raise ReportError("This study is public: single patients may not be shown. The explorer is for private review.")
    if not can_explore():
        raise ReportError("The explorer needs altair and vl-convert-python; install them with kap-analysis[explorer].")
    scores, n = patient_scores(study)
    from vl_convert import javascript_bundle

    shown = scores[PATIENT_ID].nunique()
    sampled = f"{count(shown)} of {plural(n, 'patient')}, drawn by lot" if shown < n else plural(n, "patient")
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    page = environment.get_template("explorer.html.j2").render(
        style=read_style(),
        title=visible(study.settings.title),
        banner=banner,
        meaning=meaning,
        instrument=study.settings.primary_instrument,
        sampled=sampled,
        library=javascript_bundle(None),  # type: ignore[arg-type]
        dark=_for_script({THEMES["light"].look(name).colour: THEMES["dark"].look(name).colour for name in SHAPES}),
        spec=_for_script(draw_patients(scores, study.outcomes(population="started").instrument)),
    )
    path = folder / FILE_NAME
    path.write_text(page.rstrip() + "\n", encoding="utf-8", newline="\n")
    return path


def patient_scores(study: Study) -> tuple[pd.DataFrame, int]:
    """Every score of the primary instrument, of all patients who started or of 400 drawn by lot.

    Returns
    -------
    DataFrame
        One row per score: ``patient_id``, ``practice``, ``format``, ``primary_diagnosis``, ``day``, ``score``,
        ``band``, ``sessions`` (ketamine sessions until that day) and ``reliable_change`` at the primary visit.
    int
        The patients of whom there are scores.
    """
    outcomes = study.outcomes(visits="all", population="started")
    frame = outcomes.frame.dropna(subset=[SCORE, DAY])
    patients = np.sort(frame[PATIENT_ID].unique())
    if len(patients) > MOST_PATIENTS:
        patients = np.sort(np.random.default_rng(SEED).choice(patients, MOST_PATIENTS, replace=False))
    few = frame[frame[PATIENT_ID].isin(patients)]
    sessions = ketamine_sessions(study.sessions)
    by_patient = {name: np.sort(days) for name, days in sessions.groupby(PATIENT_ID)[DAY].agg(list).items()}
    rows = pd.DataFrame(
        {
            PATIENT_ID: few[PATIENT_ID].astype("str"),
            **{name: recorded_words(few[name]) for name in (PRACTICE, FORMAT, DIAGNOSIS) if name in few},
            DAY: few[DAY].astype(int),
            SCORE: few[SCORE].astype(float),
            "band": _bands(few[SCORE], outcomes.instrument),
            "sessions": [
                int(np.searchsorted(by_patient.get(patient, []), day, side="right"))
                for patient, day in zip(few[PATIENT_ID], few[DAY], strict=True)
            ],
        }
    )
    changes = _changes(study)
    missing = "not assessed" if changes else "not known"
    rows[CHANGE] = [changes.get(str(patient), missing) for patient in rows[PATIENT_ID]]
    return rows.sort_values([PRACTICE, FORMAT, PATIENT_ID, DAY], ignore_index=True), frame[PATIENT_ID].nunique()


def draw_patients(scores: pd.DataFrame, instrument: Instrument) -> dict[str, Any]:
    """The Vega-Lite picture of the patients: a panel for each, in the order of practice and format."""
    from altair import (
        Chart,
        Color,
        EncodingSortField,
        Facet,
        Scale,
        Shape,
        Tooltip,
        X,
        Y,
        binding_select,
        data_transformers,
        datum,
        param,
    )

    data_transformers.disable_max_rows()
    order = list(scores[PATIENT_ID].unique())
    scores = scores.assign(
        panel=[f"{row.patient_id}, {row.practice}, {row.format}" for row in scores.itertuples()],
        rank=scores[PATIENT_ID].map({name: place for place, name in enumerate(order)}),
    )
    present = [name for name in SHAPES if name in set(scores[FORMAT])]
    colours = Scale(domain=present, range=[THEMES["light"].look(name).colour for name in present])
    shapes = Scale(domain=present, range=[SHAPES[name] for name in present])
    better = "higher" if instrument.higher_is_better else "lower"
    told = {**TOLD, SCORE: ("Q", f"{instrument.name} ({better} is better)")}
    base = Chart(scores).encode(
        x=X(f"{DAY}:Q", title="Day"),
        y=Y(f"{SCORE}:Q", title=None, scale=Scale(domain=list(instrument.total_range))),
        color=Color(f"{FORMAT}:N", scale=colours, title="Format"),
        shape=Shape(f"{FORMAT}:N", scale=shapes, title="Format"),
    )
    tooltip = [Tooltip(f"{name}:{kind}", title=title) for name, (kind, title) in told.items() if name in scores]
    lines, points = base.mark_line(strokeWidth=1.5), base.mark_point(filled=True, size=45).encode(tooltip=tooltip)
    panel = (lines + points).properties(width=150, height=90)
    in_order = EncodingSortField("rank", op="min")
    chart = panel.facet(facet=Facet("panel:N", title=None, sort=in_order), columns=COLUMNS)
    for name, label in FILTERS.items():
        if name in scores and scores[name].nunique() > 1:
            known = sorted(scores[name].unique())
            words = [EVERY, *(readable(value) for value in known)]
            choice = binding_select(options=[EVERY, *known], labels=words, name=label)
            chosen = param(name=f"choose_{name}", value=EVERY, bind=choice)
            chart = chart.add_params(chosen).transform_filter((chosen == EVERY) | (datum[name] == chosen))
    spec: dict[str, Any] = chart.configure_axis(grid=False, labelFontSize=9).configure_legend(orient="top").to_dict()
    return spec


def _changes(study: Study) -> dict[str, str]:
    """Reliable change at the primary visit, in words; nobody's where the instrument or the study has none."""
    try:
        change = clinical_change(study.outcomes(), study.settings.primary_visit)
    except KapError:
        return {}
    known = change.patients.dropna(subset=["class"])
    words = [class_name(label, has_cutoff=change.cutoff is not None) for label in known["class"]]
    return dict(zip(known[PATIENT_ID].astype("str"), words, strict=True))


def _bands(scores: pd.Series, instrument: Instrument) -> list[str]:
    """The severity band of each score; empty where the instrument has none."""
    if not instrument.band_sets:
        return [""] * len(scores)
    return list(instrument.band_of(scores).astype("object").fillna(""))


def _for_script(spec: dict[str, Any]) -> str:
    """JSON that may stand in a script: no text of the data can end it."""
    text = json.dumps(spec, ensure_ascii=False, allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
