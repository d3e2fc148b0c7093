"""What may be shown of whom: the thresholds, each with the policy that it follows.

The default follows the cell size suppression policy of the US Centers for Medicare & Medicaid Services, as
described by the Research Data Assistance Center (version of 2024-01-26, https://resdac.org/node/1506): no cell of
1 to 10 people is shown, nor anything from which such a cell can be worked out; a zero may stand.
"""

from typing import Final

#: The smallest number of people that may stand in a cell of a public study of real patients.
MINIMUM_COUNT: Final = 11

#: Where that number comes from.
POLICY_NAME: Final = "CMS cell size suppression policy"
POLICY_LINK: Final = "https://resdac.org/node/1506"

#: Columns that hold one patient's value rather than a summary of many.
EXTREME_COLUMNS: Final = frozenset({"minimum", "maximum", "min", "max", "lowest", "highest"})

#: Columns that count days from a patient's first session: an exact day is a fact about one patient.
EXACT_DAY_COLUMNS: Final = frozenset({"day", "start_day", "end_day"})

#: Columns whose presence makes a frame a list of patients (or of small clusters of them, or of their clinicians).
PERSON_COLUMNS: Final = frozenset({"patient_id", "session_id", "facilitator_id", "cohort_id"})

#: Numbers that name a row rather than measure anything in it.
NAMING_NUMBERS: Final = frozenset(
    {"month", "minute", "margin", "delta_individual", "delta_group", "value", "cutoff_value", "session_number",
     "effect", "prevalence_difference"}
)  # fmt: skip

#: Counts of what is not in the study: patients of a publication, draws of a computation.
NOT_OF_THE_STUDY: Final = frozenset({"n_published", "n_bootstrap", "n_imputations", "n_simulated"})

#: The level that stands for a total over a column, e.g. ``practice == "all"``.
TOTAL_LEVEL: Final = "all"


def is_small(count: float) -> bool:
    """Whether a count is one that may not be shown: at least 1 and below `MINIMUM_COUNT`."""
    return 0 < count < MINIMUM_COUNT
