"""What a structure says of itself: names of parameters, the covariance of two rows, units of the scores."""

import numpy as np
import pytest

from kap_analysis.mixed.covariance.structures import INDEPENDENT, STRUCTURES


def test_names_of_parameters_show_the_stratum_and_the_visits():
    visits = ["m1", "m2", "m3"]
    assert INDEPENDENT.parameter_names([], "") == ("residual",)
    assert INDEPENDENT.parameter_names([], "group") == ("residual[group]",)
    assert STRUCTURES["us"].parameter_names(visits[:2], "") == ("us(m1, m1)", "us(m1, m2)", "us(m2, m2)")
    assert STRUCTURES["cs"].parameter_names(visits, "group") == ("cs[group](log sd)", "cs[group](correlation)")
    assert STRUCTURES["toeph"].parameter_names(visits, "") == (
        "toeph(log sd m1)", "toeph(log sd m2)", "toeph(log sd m3)",
        "toeph(correlation lag 1)", "toeph(correlation lag 2)",
    )  # fmt: skip
    assert STRUCTURES["toep"].parameter_names(visits[:2], "") == ("toep(log sd)", "toep(correlation)")
    assert STRUCTURES["ar1h"].parameter_names(visits[:1], "") == ("ar1h(log sd)",)
    assert STRUCTURES["exponential"].parameter_names([], "") == (
        "exponential(log variance)",
        "exponential(log range)",
    )


def test_the_covariance_of_two_rows_of_a_patient():
    """By the visits of the rows, or their times, each in the stratum of the patient."""
    us, exponential = STRUCTURES["us"], STRUCTURES["exponential"]
    matrices = np.array([[[4.0, 1.0], [1.0, 9.0]], [[5.0, 2.0], [2.0, 8.0]]])
    stratum, one, other = np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([1, 1, 0])
    assert us.covariance(matrices, stratum, one, other).tolist() == [1.0, 9.0, 2.0]
    values = np.array([[4.0, 2.0], [9.0, 1.0]])  # variance and range
    found = exponential.covariance(values, stratum, np.array([0.0, 3, 1]), np.array([2.0, 3, 4]))
    assert found == pytest.approx([4 * np.exp(-1), 4.0, 9 * np.exp(-3)])
    assert us.value(np.array([4.0, 1.0, 9.0]), 2).tolist() == matrices[0].tolist()
    assert exponential.value(np.log([4.0, 2.0]), 7) == pytest.approx([4.0, 2.0])


def test_a_matrix_grows_with_the_square_of_the_scores_and_a_log_variance_with_twice_their_logarithm():
    factor, summand = STRUCTURES["toep"].units(3.0, 2)
    assert factor.tolist() == [9.0, 9.0, 9.0] and summand.tolist() == [0.0, 0.0, 0.0]
    factor, summand = STRUCTURES["exponential"].units(3.0, 40)
    assert factor.tolist() == [1.0, 1.0] and summand == pytest.approx([2 * np.log(3), 0.0])


def test_what_error_messages_call_it():
    assert INDEPENDENT.title == "the residual variance"
    assert STRUCTURES["csh"].title == "the residual covariance csh()"
