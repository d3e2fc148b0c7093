"""Write the examples: one made-up study as practices would export it, each with its finished map.

python data/examples/make_examples.py
"""

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pandas as pd
from pyreadstat import write_sav

sys.path.insert(0, str(Path(__file__).parent))

from made_up_export import MadeUpExport, made_up_export
from small_workbook import write_workbook

PHQ: Final = [f"phq_{n}" for n in range(1, 10)]
ANSWERS: Final = ("Not at all", "Several days", "More than half the days", "Nearly every day")
DIAGNOSES: Final = {
    "major_depression": ("F33.2", "Major depression"), "ptsd": ("F43.10", "PTSD"), "ocd": ("F42.9", "OCD"),
    "generalised_anxiety": ("F41.1", "Generalized anxiety"), "adhd": ("F90.0", "ADHD"),
    "insomnia": ("G47.00", "Insomnia"), "binge_eating": ("F50.81", "Binge eating"),
    "alcohol_use": ("F10.20", "Alcohol use"), "bulimia_nervosa": ("F50.2", "Bulimia nervosa"),
}  # fmt: skip
ROUTES: Final = {"SL": "Sublingual", "IM": "Intramuscular"}
STATUS: Final = {"attended": "Completed", "no_show": "No show"}


def whole(value: Any) -> str:
    """Return a number as text, empty where it is missing."""
    return "" if pd.isna(value) else f"{value:g}"


def write_csv(path: Path, rows: list[dict[str, Any]], columns: list[str] | None = None) -> None:
    """Write rows; keys that a row lacks are empty."""
    columns = columns or list(rows[0])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


# A record system: ten files, dates as Americans write them


def write_record_system(export: MadeUpExport, folder: Path) -> None:
    """Ten CSVs; those with notes are not opened, and three hold nothing that a study needs."""
    us, iso = "%m/%d/%Y", "%Y-%m-%d"
    people = export.patients.to_dict("records")
    write_csv(folder / "patients.csv", [
        {"Patient ID": p["id"], "First Name": p["name"].split()[0], "Last Name": p["name"].split()[1],
         "Date of Birth": p["birth"].strftime(us), "Sex": p["sex"].title(), "Site": p["practice"],
         "Email": f"{p['name'].replace(' ', '.').lower()}@example.org", "Phone": f"555-01{int(p['id']) % 100:02d}"}
        for p in people
    ])  # fmt: skip
    write_csv(folder / "intake_forms.csv", [
        {"Patient ID": p["id"], "ACE Score": whole(p["ace_score"]), "Failed Treatments": whole(p["failed_treatments"]),
         "Consent to Research": p["research_consent"].title()} for p in people
    ])  # fmt: skip
    write_csv(folder / "appointments.csv", [
        {"Appointment ID": f"a{n}", "Patient ID": s.id, "Start": f"{s.date.strftime(us)} 9:30 AM",
         "Appointment Type": f"KAP {'Group Session' if s.format == 'group' else 'Individual Dosing'}",
         "Group": "" if pd.isna(s.cohort_id) else s.cohort_id, "Status": STATUS[s.status],
         "Dose": "" if pd.isna(s.dose_mg) else f"{s.dose_mg:g} mg", "Route": ROUTES.get(s.route, "")}
        for n, s in enumerate(export.sessions.itertuples(), 1)
    ])  # fmt: skip
    write_csv(folder / "diagnoses.csv", [
        {"Patient ID": d.id, "ICD Code": DIAGNOSES[d.diagnosis][0], "Rank": str(d.rank)}
        for d in export.diagnoses.itertuples()
    ])  # fmt: skip
    scores = export.scores.to_dict("records")
    write_csv(folder / "questionnaire_scores.csv", [
        {"Patient ID": s["id"], "Survey Name": "Beck Depression Inventory-II", "Submitted": s["date"].strftime(iso),
         "Total Score": whole(s["bdi"])} for s in scores
    ])  # fmt: skip
    write_csv(folder / "questionnaire_answers.csv", [
        {"Patient ID": s["id"], "Survey Name": "PHQ-9", "Submitted": s["date"].strftime(iso), "Question": f"Q{n}",
         "Response": ANSWERS[int(s[item])]}
        for s in scores for n, item in enumerate(PHQ, 1) if pd.notna(s[item])
    ])  # fmt: skip
    write_csv(folder / "insurance.csv", [{"Patient ID": p["id"], "Policy Number": f"X{p['id']}77"} for p in people])
    write_csv(
        folder / "invoices.csv", [{"Invoice": f"i{p['id']}", "Patient ID": p["id"], "Amount": "250.00"} for p in people]
    )
    for name in ("progress_notes", "messages"):
        write_csv(
            folder / f"{name}.csv", [{"Patient ID": p["id"], "Text": f"{p['name']} was seen."} for p in people[:5]]
        )


# REDCap: a longitudinal project with repeating instruments, raw or labelled


def redcap_fields() -> list[tuple[str, str, str, str, str]]:
    """Fields of the project: name, form, type, label, choices."""
    answers = " | ".join(f"{n}, {text}" for n, text in enumerate(ANSWERS))
    boxes = " | ".join(f"{n}, {title}" for n, (_, title) in enumerate(DIAGNOSES.values(), 1))
    return [
        ("record_id", "demographics", "text", "Record ID", ""),
        ("dob", "demographics", "text", "Date of birth", ""),
        ("sex", "demographics", "radio", "Sex", "1, Female | 2, Male"),
        ("dx_main", "demographics", "radio", "Main diagnosis", boxes),
        ("dx_other", "demographics", "checkbox", "Other diagnoses", boxes),
        ("ace_score", "demographics", "text", "ACE score", ""),
        ("failed_treatments", "demographics", "text", "Failed treatments", ""),
        ("research_consent", "demographics", "radio", "Consent to research", "1, Yes | 0, No | 2, Withdrawn"),
        ("sess_date", "ketamine_session", "text", "Date of the session", ""),
        ("sess_format", "ketamine_session", "radio", "Format", "1, Individual | 2, Group"),
        ("sess_cohort", "ketamine_session", "text", "Cohort", ""),
        ("sess_status", "ketamine_session", "radio", "Status", "1, Completed | 2, No show"),
        ("sess_dose", "ketamine_session", "text", "Dose (mg)", ""),
        ("sess_route", "ketamine_session", "radio", "Route", "1, Sublingual | 2, Intramuscular"),
        ("quest_date", "questionnaires", "text", "Date of the questionnaires", ""),
        ("bdi2_total", "questionnaires", "text", "BDI-II total", ""),
        *((f"phq9_{n}", "questionnaires", "radio", f"PHQ-9 item {n}", answers) for n in range(1, 10)),
    ]


def redcap_columns() -> list[tuple[str, str]]:
    """Columns of an export: name, and the header of the labelled one."""
    columns = [("record_id", "Record ID"), ("redcap_event_name", "Event Name"),
               ("redcap_repeat_instrument", "Repeat Instrument"), ("redcap_repeat_instance", "Repeat Instance"),
               ("redcap_data_access_group", "Data Access Group")]  # fmt: skip
    form = "demographics"
    for name, of_form, kind, label, choices in redcap_fields()[1:]:
        if of_form != form:
            columns.append((f"{form}_complete", "Complete?"))
            form = of_form
        if kind == "checkbox":
            pairs = [choice.split(", ", 1) for choice in choices.split(" | ")]
            columns += [(f"{name}___{code}", f"{label} (choice={text})") for code, text in pairs]
        else:
            columns.append((name, label))
    return [*columns, (f"{form}_complete", "Complete?")]


def redcap_rows(export: MadeUpExport) -> list[dict[str, str]]:
    """Rows of the raw export: one per patient, ketamine session and day with questionnaires."""
    rows = []
    codes = {name: str(n) for n, name in enumerate(DIAGNOSES, 1)}
    by_patient = {name: dict(list(getattr(export, name).groupby("id"))) for name in ("sessions", "scores", "diagnoses")}
    for p in export.patients.to_dict("records"):
        key = {"record_id": p["id"], "redcap_data_access_group": f"site_{p['practice'].lower()}"}
        of_patient = by_patient["diagnoses"][p["id"]].set_index("rank")["diagnosis"]
        rows.append({
            **key, "redcap_event_name": "enrolment_arm_1", "dob": p["birth"].strftime("%Y-%m-%d"),
            "sex": {"female": "1", "male": "2"}[p["sex"]], "ace_score": whole(p["ace_score"]),
            "failed_treatments": whole(p["failed_treatments"]),
            "research_consent": {"no": "0", "yes": "1", "withdrawn": "2"}[p["research_consent"]],
            "dx_main": codes[of_patient[1]],
            **{f"dx_other___{code}": str(int(name == of_patient.get(2))) for name, code in codes.items()},
            "demographics_complete": "2",
        })  # fmt: skip
        for n, s in enumerate(by_patient["sessions"].get(p["id"], pd.DataFrame()).itertuples(), 1):
            rows.append({
                **key, "redcap_event_name": "course_arm_1", "redcap_repeat_instrument": "ketamine_session",
                "redcap_repeat_instance": str(n), "sess_date": s.date.strftime("%Y-%m-%d"),
                "sess_format": {"individual": "1", "group": "2"}[s.format],
                "sess_status": {"attended": "1", "no_show": "2"}[s.status],
                "sess_cohort": "" if pd.isna(s.cohort_id) else s.cohort_id, "sess_dose": whole(s.dose_mg),
                "sess_route": {"SL": "1", "IM": "2"}.get(s.route, ""), "ketamine_session_complete": "2",
            })  # fmt: skip
        for n, s in enumerate(by_patient["scores"].get(p["id"], pd.DataFrame()).to_dict("records"), 1):
            rows.append({
                **key, "redcap_event_name": "course_arm_1", "redcap_repeat_instrument": "questionnaires",
                "redcap_repeat_instance": str(n), "quest_date": s["date"].strftime("%Y-%m-%d"),
                "bdi2_total": whole(s["bdi"]),
                **{f"phq9_{k}": whole(s[item]) for k, item in enumerate(PHQ, 1)}, "questionnaires_complete": "2",
            })  # fmt: skip
    return rows


def write_redcap(export: MadeUpExport, folder: Path, *, labelled: bool = False) -> None:
    """Write the data and the data dictionary of the project."""
    fields, columns, rows = redcap_fields(), redcap_columns(), redcap_rows(export)
    names = [name for name, _ in columns]
    with (folder / "data.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([label for _, label in columns] if labelled else names)
        said = {name: dict(c.split(", ", 1) for c in choices.split(" | ")) for name, _, kind, _, choices in fields
                if choices and kind != "checkbox"}  # fmt: skip
        said |= {name: {"0": "Unchecked", "1": "Checked"} for name in names if "___" in name}
        said |= {name: {"2": "Complete"} for name in names if name.endswith("_complete")}
        said["redcap_event_name"] = {"enrolment_arm_1": "Enrolment", "course_arm_1": "Course"}
        said["redcap_repeat_instrument"] = {"ketamine_session": "Ketamine session", "questionnaires": "Questionnaires"}
        said["redcap_data_access_group"] = {f"site_{letter}": f"Site {letter.upper()}" for letter in "abc"}
        for row in rows:
            cells = [row.get(name, "") for name in names]
            writer.writerow(
                [said.get(n, {}).get(c, c) for n, c in zip(names, cells, strict=True)] if labelled else cells
            )
    head = [
        "Variable / Field Name",
        "Form Name",
        "Field Type",
        "Field Label",
        "Choices, Calculations, OR Slider Labels",
    ]
    dictionary = [dict(zip(head, (n, f, k, t, c), strict=True)) for n, f, k, t, c in fields]
    write_csv(folder / "dictionary.csv", dictionary)


# A workbook of two sheets: German headers, decimal commas, dates of two kinds


def write_german_workbook(export: MadeUpExport, folder: Path) -> None:
    """Write sessions with the facts of their patients, and scores; a title stands above each header."""
    facts = export.patients.set_index("id").to_dict("index")
    named = export.diagnoses.groupby("id")["diagnosis"].apply(list).to_dict()
    sessions: list[list[Any]] = [["Sitzungen der Praxis"], [], [
        "Patienten-Nr", "Geburtsdatum", "Geschlecht", "Praxis", "ACE", "Failed treatments", "Research consent",
        "Diagnose 1", "Diagnose 2", "Datum der Sitzung", "Behandlungsform", "Gruppe", "Status", "Dosis mg",
        "Applikation",
    ]]  # fmt: skip
    for n, s in enumerate(export.sessions.itertuples()):
        p = facts[s.id]
        codes = [DIAGNOSES[d][0] for d in named.get(s.id, [])] + ["", ""]
        sessions.append([
            int(s.id), p["birth"].strftime("%d.%m.%Y"), "w" if p["sex"] == "female" else "m", p["practice"],
            whole(p["ace_score"]) or None, whole(p["failed_treatments"]) or None, p["research_consent"],
            codes[0], codes[1] or None, s.date.date() if n % 2 else s.date.strftime("%d.%m.%Y"),
            "Gruppe" if s.format == "group" else "Einzeltherapie",
            None if pd.isna(s.cohort_id) else s.cohort_id, "erschienen" if s.status == "attended" else "no show",
            None if pd.isna(s.dose_mg) else f"{s.dose_mg:.1f}".replace(".", ","), None if pd.isna(s.route) else s.route,
        ])  # fmt: skip
    scores: list[list[Any]] = [["Patienten-Nr", "Datum", "BDI-II Summe", *(f"PHQ9 Frage {n}" for n in range(1, 10))]]
    scores += [
        [int(s["id"]), s["date"].strftime("%d.%m.%Y"), f"{s['bdi']:.1f}".replace(".", ","),
         *(-99 if pd.isna(s[item]) else int(s[item]) for item in PHQ)]
        for s in export.scores.to_dict("records")
    ]  # fmt: skip
    write_workbook(folder / "praxis.xlsx", {"Sitzungen": sessions, "Skalen": scores})


# SPSS: one row per patient, sessions and visits as suffixes


def wide_frame(export: MadeUpExport) -> pd.DataFrame:
    """One row per patient; ``_s1``, ``_s2``, ... are sessions, ``_t1``, ``_t2``, ... visits."""
    rows = {}
    for p in export.patients.to_dict("records"):
        rows[p["id"]] = {
            "id": float(p["id"]), "site": p["practice"], "dob": p["birth"],
            "sex": 1.0 if p["sex"] == "female" else 2.0,
            "ace_score": p["ace_score"], "failed_treatments": p["failed_treatments"],
            "research_consent": {"no": 0.0, "yes": 1.0, "withdrawn": 2.0}[p["research_consent"]],
            "dx_1": "",
            "dx_2": "",
        }  # fmt: skip
    for key, part in export.diagnoses.groupby("id"):
        rows[key] |= {f"dx_{n}": DIAGNOSES[d][0] for n, d in enumerate(part["diagnosis"], 1)}
    for key, part in export.sessions.groupby("id"):
        for n, s in enumerate(part.itertuples(), 1):
            rows[key] |= {
                f"date_s{n}": s.date, f"format_s{n}": 1.0 if s.format == "individual" else 2.0,
                f"cohort_s{n}": "" if pd.isna(s.cohort_id) else s.cohort_id,
                f"status_s{n}": 1.0 if s.status == "attended" else 2.0,
                f"dose_s{n}": s.dose_mg, f"route_s{n}": "" if pd.isna(s.route) else s.route,
            }  # fmt: skip
    for key, part in export.scores.groupby("id"):
        for n, s in enumerate(part.to_dict("records"), 1):
            rows[key] |= {f"date_t{n}": s["date"], f"bdi2_t{n}": s["bdi"]}
            rows[key] |= {f"phq9_{k}_t{n}": -99.0 if pd.isna(s[item]) else s[item] for k, item in enumerate(PHQ, 1)}
    frame = pd.DataFrame(list(rows.values()))
    for column in frame:
        frame[column] = frame[column].fillna("") if frame[column].dtype.kind in "OU" else frame[column]
        if str(column).startswith("date_"):
            frame[column] = frame[column].dt.date.where(frame[column].notna(), None)
    frame["dob"] = frame["dob"].dt.date
    return frame


def write_spss(export: MadeUpExport, folder: Path) -> None:
    """Write the wide file with value labels and a user-missing code."""
    frame = wide_frame(export)
    labels: dict[str, dict[float, str]] = {
        "sex": {1.0: "female", 2.0: "male"},
        "research_consent": {0.0: "no", 1.0: "yes", 2.0: "withdrawn"},
    }
    labels |= {c: {1.0: "individual", 2.0: "group"} for c in frame if c.startswith("format_")}
    labels |= {c: {1.0: "completed", 2.0: "no show"} for c in frame if c.startswith("status_")}
    missing = {c: [-99] for c in frame if c.startswith("phq9_")}
    write_sav(frame, str(folder / "outcomes.sav"), variable_value_labels=labels, missing_ranges=missing)


# Measurements in sessions: before the dose in the list of appointments, later ones in a file of their own


def pressure(m: dict[str, Any], minute: int) -> str:
    """Return 120/80, empty where one of the two was not taken."""
    both = m[f"sbp_{minute}"], m[f"dbp_{minute}"]
    return "" if pd.isna(both[0]) or pd.isna(both[1]) else f"{both[0]:g}/{both[1]:g}"


def write_vitals(export: MadeUpExport, folder: Path, n_patients: int = 40) -> None:
    """Write sessions with the pressure before the dose, what was measured 40 minutes later, and the BDI-II."""
    us = "%m/%d/%Y"
    some = set(export.patients["id"].head(n_patients))
    measures = {(m["id"], m["date"]): m for m in export.measures.to_dict("records") if m["id"] in some}
    before = {key: pressure(m, 0) for key, m in measures.items()}
    write_csv(folder / "appointments.csv", [
        {"Patient ID": s.id, "Date": s.date.strftime(us), "Format": s.format,
         "Group": "" if pd.isna(s.cohort_id) else s.cohort_id, "Status": STATUS[s.status],
         "Dose": whole(s.dose_mg), "BP pre": before.get((s.id, s.date), "")}
        for s in export.sessions.itertuples() if s.id in some
    ])  # fmt: skip
    read = [
        (key, date, name, reading)
        for (key, date), m in measures.items()
        for name, reading in (
            ("Blood pressure", pressure(m, 40)),
            ("Heart rate", whole(m["hr_40"])),
            ("SpO2", whole(m["spo2_40"])),
        )
        if reading
    ]
    write_csv(folder / "vitals.csv", [
        {"Patient ID": key, "Date": date.strftime(us), "Vital sign": name, "Value": reading, "Minutes after dose": "40"}
        for key, date, name, reading in read
    ])  # fmt: skip
    write_csv(folder / "scores.csv", [
        {"Patient ID": s["id"], "Date": s["date"].strftime(us), "BDI-II Total": whole(s["bdi"])}
        for s in export.scores.to_dict("records") if s["id"] in some
    ])  # fmt: skip


WRITERS: Final[dict[str, Callable[[MadeUpExport, Path], None]]] = {
    "record_system": write_record_system,
    "redcap_raw": write_redcap,
    "redcap_labelled": lambda export, folder: write_redcap(export, folder, labelled=True),
    "workbook": write_german_workbook,
    "spss_wide": write_spss,
    "vitals": write_vitals,
}


def write_example(name: str, folder: Path, n_patients: int | None = None) -> Path:
    """Write one of the examples below a folder; return where it lies."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    WRITERS[name](made_up_export(n_patients), place)
    return place


def finished_map(source: Path) -> str:
    """Draft the map of an example and fill it; all that is left to say is what the study is."""
    from kap_analysis.intake.draft import draft_map

    text = draft_map(source).text.replace("Our study", "Made-up example").replace('"real"', '"simulated"')
    return text.replace("THIS_FILE", f"{source.name}.toml")


if __name__ == "__main__":
    HERE = Path(__file__).parent
    for example in WRITERS:
        lies = write_example(example, HERE)
        (HERE / f"{example}.toml").write_text(finished_map(lies), encoding="utf-8", newline="\n")
