"""Research only with consent: patients without it are left out of every table, and counted in the ledger."""

from dataclasses import replace
from typing import Final

import pandas as pd

from kap_analysis.columns import PATIENT_ID
from kap_analysis.study.checking.table_links import TypedFolder
from kap_analysis.study.contract.problems import Problems
from kap_analysis.study.outcome_frames.ledger import Ledger
from kap_analysis.study.study import Study

CONSENTED: Final = ("yes", "waived")
_REASONS: Final = {"no": "no consent to research", "withdrawn": "consent withdrawn"}
_NOT_RECORDED: Final = "consent not recorded"


def check_consent_recorded(folder: TypedFolder, problems: Problems) -> None:
    """Some patient has a research_consent: a study without any cannot be read for research."""
    patients = folder.table("patients")
    if patients is None or not len(patients.frame):
        return
    if not patients.has("research_consent") or patients.frame["research_consent"].isna().all():
        expected = "yes, no, withdrawn or waived per patient: purpose = research needs it"
        problems.add(patients.file, "no consent of any patient", expected, column="research_consent")


def leave_out_without_consent(study: Study) -> Study:
    """Return the study of the patients whose research_consent is yes or waived."""
    consent = study.patients["research_consent"].astype(object)
    at_zero = study.at_time_zero()
    ledger = Ledger(pd.Series(at_zero["format"].astype(object).to_numpy(), index=at_zero[PATIENT_ID]))
    ids = study.patients[PATIENT_ID]
    n_rows = _rows_per_patient(study).reindex(ids).fillna(0).reset_index(drop=True)
    ledger.keep("in the folder", ids, n_rows)
    kept = consent.isin(CONSENTED).to_numpy()
    because = consent.map(_REASONS).where(consent.notna(), _NOT_RECORDED).to_numpy()
    for reason in (*_REASONS.values(), _NOT_RECORDED):
        left = ~kept & (because == reason)
        ledger.leave_out("with consent to research", reason, ids[left], n_rows[left])
    ledger.keep("with consent to research", ids[kept], n_rows[kept])
    return replace(study.of_patients(ids[kept]), ledger=ledger.frame())


def _rows_per_patient(study: Study) -> pd.Series:
    counts = [table[PATIENT_ID].value_counts() for table in study.tables.values() if PATIENT_ID in table.columns]
    return pd.concat(counts).groupby(level=0).sum()
