"""One study for many tests."""

import pytest

from kap_analysis.simulation.simulate import SimulatedStudy, simulate_study


@pytest.fixture(scope="session")
def simulated() -> SimulatedStudy:
    """600 patients: enough for proportions, quick to make."""
    return simulate_study(600, seed=7)
