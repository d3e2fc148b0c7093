"""A small export with a known study behind it: four patients, two of them of one group, one never treated."""

from pathlib import Path

from kap_analysis.intake.draft import draft_map
from kap_analysis.intake.study_import import StudyImport, import_study

SESSIONS = """\
Patient ID,Date,Appointment type,Dose,Route,Group,Status
1001,01/08/2024,KAP Group Session,"1.0 mg/kg (80 mg)",IM,Tuesday,Completed
1001,01/15/2024,KAP Group Session,80 mg,IM,Tuesday,Completed
1002,01/08/2024,KAP Group Session,60,Intramuscular,Tuesday,Completed
1003,01/02/2024,KAP Individual Dosing,100mg,IM,,No Show
1003,01/20/2024,KAP Individual Dosing,100mg,SL troche,,Completed
1004,01/25/2024,Integration,,,,Completed
"""
SCORES = """\
Patient ID,Submitted,PHQ9_1,PHQ9_2,PHQ9_3,PHQ9_4,PHQ9_5,PHQ9_6,PHQ9_7,PHQ9_8,PHQ9_9,PHQ9 Total
1001,01/03/2024,3,3,2,2,1,1,1,0,0,13
1001,02/20/2024,1,1,1,1,1,0,0,0,0,5
1002,01/05/2024,2,2,2,2,2,2,2,2,2,19
1003,01/19/2024,1,1,1,1,1,1,1,1,-99,8
1004,01/19/2024,1,1,1,1,1,1,1,1,1,9
,,,,,,,,,,Total,54
"""
PATIENTS = """\
Patient ID,First Name,Email,Date of Birth,Sex
1001,Anna,anna.b@example.org,01/09/1990,F
1002,Bert,bert@example.org,03/30/1930,Male
1003,Cleo,cleo@example.org,12/13/1985,female
1004,Dora,dora@example.org,12/13/1985,female
"""
SECRETS = ("Anna", "Bert", "Cleo", "Dora", "example.org", "1001", "1002", "1003", "1990", "1930", "2024", "Tuesday")


def write_export(folder: Path, **changed: str) -> Path:
    """Write the three files, some of them changed; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"sessions": SESSIONS, "scores": SCORES, "patients": PATIENTS, **changed}.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def import_changed(source: Path, folder: Path, *changes: tuple[str, str]) -> StudyImport:
    """Draft the map of a source, change some of its words, and import."""
    text = draft_map(source).text
    for was, now in changes:
        assert was in text, was
        text = text.replace(was, now)
    (folder / "map.toml").write_text(text, encoding="utf-8")
    return import_study(source, folder / "map.toml", folder / f"of_{source.name}")
