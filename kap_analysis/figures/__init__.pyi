from .alternative_text import alt_text as alt_text
from .export import save_figure as save_figure
from .page import stamp_figure as stamp_figure
from .paired_means import plot_paired_means as plot_paired_means
from .participant_flow import plot_participant_flow as plot_participant_flow
from .trajectories import plot_trajectories as plot_trajectories
