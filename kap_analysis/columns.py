"""The column names and levels that cross rooms: one word for one thing.

Every frame that passes from one room to the next is named with these words. ``mixed/`` imports nothing of the
package and repeats the estimate columns; a test holds the two equal.
"""

from collections.abc import Callable
from typing import Final

#: What long calls report to: (done, total, what).
Progress = Callable[[int, int, str], None]

# Who and where
PATIENT_ID: Final = "patient_id"
PRACTICE: Final = "practice"
FORMAT: Final = "format"
IS_GROUP: Final = "is_group"
COHORT_ID: Final = "cohort_id"

# When
VISIT: Final = "visit"
DAY: Final = "day"
MONTH: Final = "month"
DAYS_PER_MONTH: Final = 30.4375
BASELINE_VISIT: Final = "baseline"

# What was measured
INSTRUMENT: Final = "instrument"
SCORE: Final = "score"
BASELINE: Final = "baseline"
CHANGE: Final = "change"

# What was estimated
TERM: Final = "term"
ESTIMATE: Final = "estimate"
STD_ERROR: Final = "std_error"
DF: Final = "df"
STATISTIC: Final = "statistic"
P_VALUE: Final = "p_value"
CI_LOW: Final = "ci_low"
CI_HIGH: Final = "ci_high"
N_PATIENTS: Final = "n_patients"
N_OBSERVATIONS: Final = "n_observations"

ESTIMATE_COLUMNS: Final = (ESTIMATE, STD_ERROR, DF, STATISTIC, P_VALUE, CI_LOW, CI_HIGH)

# Levels
INDIVIDUAL: Final = "individual"
GROUP: Final = "group"
MIXED: Final = "mixed"
FORMATS: Final = (INDIVIDUAL, GROUP, MIXED)
#: Who was treated and has none of them: no session shows it, or the rule leaves out mixed formats.
NO_FORMAT: Final = "without a format"
