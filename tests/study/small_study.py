"""A small valid study folder, written row by row, that the tests of this room change and load."""

from pathlib import Path

from kap_analysis.study.load import check_study

SETTINGS = """\
title = "A small study"
practices = ["A", "B"]
primary_instrument = "BDI-II"
primary_visit = "month 3"
provenance = "made_up"
"""

PATIENTS = """\
patient_id,practice,age,sex,planned_format,ace_score,prior_hospitalisation,start_period,observed_until_day,follow_up_end_day,research_consent
007,A,41,female,group,3,no,2025-Q3,220,200,yes
P02,A,36,male,group,1,yes,2025-Q3,220,200,yes
P03,A,29,female,individual,0,no,2025-Q4,220,,no
P04,B,55,male,individual,,no,2025-Q4,220,200,waived
P05,B,61,female,group,7,,2026-Q1,220,200,
P06,B,48,intersex,group,2,no,2026-Q1,220,200,withdrawn
"""

DIAGNOSES = """\
patient_id,diagnosis,rank,status
007,major_depression,1,current
007,ptsd,2,current
P02,ptsd,1,current
P03,generalised_anxiety,,current
P04,major_depression,1,current
"""

COHORTS = """\
cohort_id,practice,facilitator_ids,enrolment,planned_size
G1,A,F1;F2,closed,3
G2,B,F3,closed,3
"""

SESSIONS = """\
patient_id,day,kind,format,session_id,cohort_id,group_session_id,facilitator_ids,hour,setting,status,route,dose_mg,ae_asked
007,-3,preparation,individual,007-0,,,F1,10,clinic,attended,,,
007,0,ketamine,group,007-1,G1,G1-1,F1;F2,10.5,clinic,attended,IM,60,yes
007,14,ketamine,individual,007-2,,,F1,10.5,home_supervised,attended,SL,150,yes
P02,0,ketamine,group,P02-1,G1,G1-1,F1;F2,10.5,clinic,attended,IM,55,yes
P02,10,ketamine,group,P02-2,G1,G1-2,F1;F2,10.5,clinic,no_show,,,
P03,0,ketamine,individual,P03-1,,,F2,9,clinic,attended,SL,200,yes
P03,2,integration,individual,P03-2,,,F2,9,telehealth,attended,,,
P04,0,ketamine,individual,P04-1,,,F3,9,clinic,attended,SL,200,no
P05,0,ketamine,group,P05-1,G2,G2-1,F3,13,clinic,attended,IM,70.5,yes
P05,21,ketamine,group,P05-2,G2,G2-2,F3,13,clinic,stopped_early,IM,70,yes
P06,0,ketamine,group,P06-1,G2,G2-1,F3,13,clinic,attended,IM,65,yes
"""

ASSESSMENTS = """\
patient_id,day,instrument,score,rater,timing,hour
007,-7,BDI-II,27,self,between,
007,31,BDI-II,20,self,between,
007,90,BDI-II,14,self,between,
007,99,BDI-II,15,self,between,
007,90,HAM-A,12,clinician,between,
P02,0,BDI-II,31,self,before_session,9
P02,0,BDI-II,12,self,after_session,15
P02,30,BDI-II,22,self,between,
P02,93,BDI-II,18,self,between,
P03,-2,BDI-II,24,self,between,
P03,89,BDI-II,16,self,between,
P03,93,BDI-II,11,self,between,
P04,-1,BDI-II,19,self,between,
P04,140,BDI-II,9,self,between,
P05,-10,BDI-II,35,self,between,
P05,88,BDI-II,30,self,between,
P06,91,BDI-II,21,self,between,
"""

ITEMS = "patient_id,day,instrument,rater,item,answer\n" + "".join(
    f"{patient},{day},PHQ-9,self,{item},{answer}\n"
    for patient, day, answer in (("007", -7, 2), ("007", 31, 1), ("P02", 0, 3))
    for item in range(1, 10)
)

SESSION_MEASURES = """\
patient_id,session_id,minute,measure,value,unit
007,007-1,0,sbp,122,mmHg
007,007-1,40,sbp,141,mmHg
P02,P02-1,0,hr,71,bpm
P02,P02-1,60,CADSS,22,points
"""

TREATMENTS = """\
patient_id,start_day,end_day,kind,class,change
007,-300,,medication,ssri,unchanged
P03,35,120,psychotherapy,individual_therapy,started
"""

ADVERSE_EVENTS = """\
patient_id,day,session_id,event,severity,serious,relatedness
007,0,007-1,nausea,mild,no,probable
P05,22,,headache,moderate,no,possible
"""

FILES = {
    "study.toml": SETTINGS,
    "patients.csv": PATIENTS,
    "diagnoses.csv": DIAGNOSES,
    "cohorts.csv": COHORTS,
    "sessions.csv": SESSIONS,
    "assessments.csv": ASSESSMENTS,
    "items.csv": ITEMS,
    "session_measures.csv": SESSION_MEASURES,
    "treatments.csv": TREATMENTS,
    "adverse_events.csv": ADVERSE_EVENTS,
}


def write_small_study(folder: Path, changed: dict[str, str | bytes | None] | None = None) -> Path:
    """Write the small study with some files changed (None: the file is absent)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**FILES, **(changed or {})}.items():
        if content is not None:
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return folder


def lines_of(folder: Path, changed: dict[str, str | bytes | None]) -> list[str]:
    """The problems of the small study with some files changed, as readable lines."""
    return list(check_study(write_small_study(folder / "study", changed)).lines())
