"""Every parameter says where it comes from; what follows from them is arithmetic."""

from dataclasses import replace

import pytest

from kap_analysis.instruments.registry import get_instrument
from kap_analysis.simulation.parameters import Parameters, parameter_table
from kap_analysis.simulation.readme import data_readme
from tests.places import ROOT

DATA = ROOT / "data"


def test_every_parameter_is_published_or_assumed_with_a_reason():
    table = parameter_table()
    assert set(table["source"]) == {"published", "assumed"}
    assert table["reason"].str.len().min() > 4
    assert table["meaning"].str.len().min() > 3


def test_only_what_dore_reports_is_called_published():
    table = parameter_table()
    published = table[table["source"] == "published"]
    assert list(published["parameter"]) == [
        "n_patients",
        "n_practices",
        "anchor_bdi_change",
        "anchor_hama_change",
        "anchor_intake_bdi",
    ]
    assert published["reason"].str.contains("doi:10.1080/02791072.2019.1587556").all()


def test_readme_of_the_data_is_current():
    assert (DATA / "README.md").read_text(encoding="utf-8") == data_readme()


def test_icc_given_baseline():
    left_of_severity = 64 * 20.25 / 84.25
    patient = 0.85**2 * left_of_severity + 6.5**2 + (0.8 * 1.2) ** 2 + 4 * 0.24 + 4.5**2
    assert Parameters().icc_given_baseline == pytest.approx(2.9**2 / (2.9**2 + patient))
    assert 0.09 < Parameters().icc_given_baseline < 0.11


def test_facilitators_take_their_share_of_the_variance():
    p = replace(Parameters(), facilitator_share=0.03)
    assert p.facilitator_sd**2 / (p.facilitator_sd**2 + p.month3_variance_given_baseline) == pytest.approx(0.03)
    assert Parameters().facilitator_sd == 0


@pytest.mark.parametrize(
    ("name", "parameter"), [("HAM-A", "hama"), ("PHQ-9", "phq9"), ("GAD-7", "gad7"), ("PCL-5", "pcl5")]
)
def test_ranges_are_those_of_the_registry(name, parameter):
    assert getattr(Parameters(), parameter).highest == get_instrument(name).total_range[1]
