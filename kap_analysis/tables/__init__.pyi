from .adjusted import table_adjusted as table_adjusted
from .baseline import table_baseline as table_baseline
from .flow import table_flow as table_flow
from .model import table_model as table_model
from .observed import table_observed_scores as table_observed_scores
from .paired import table_paired_change as table_paired_change
from .table import Table as Table
