"""Every residual covariance structure: a covariance matrix, exact derivatives, and parameters that can be read back.

The tests run over all records, so that a new one is tested when it is written.
"""

from __future__ import annotations

import ast
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from kap_analysis.mixed.covariance import families
from kap_analysis.mixed.covariance.block import CovarianceBlock
from kap_analysis.mixed.covariance.continuous_time import covariance_at_times
from kap_analysis.mixed.covariance.structures import INDEPENDENT, STRUCTURES
from kap_analysis.mixed.covariance.symmetric import matrix_of
from kap_analysis.mixed.formula.parser import read_formula

STRETCH = 2.5
SLOPE = 1e-9  # central differences of first order with steps of 1e-5, of numbers near 1
RECORDS = [INDEPENDENT, *STRUCTURES.values()]
OVER_VISITS = [record for record in STRUCTURES.values() if record.over_visits]
VISITS = [["1"], ["1", "2"], ["1", "2", "3", "6"]]


def label(value: object) -> str:
    return getattr(value, "name", "") or (f"{len(value)} visits" if isinstance(value, list) else str(value))


every_structure = pytest.mark.parametrize("structure", RECORDS, ids=label)
every_size = pytest.mark.parametrize("visits", VISITS, ids=label)


def both_blocks(structure, visits) -> list[CovarianceBlock]:
    """As the optimiser moves it, and as the user sees it."""
    return list(structure.blocks(visits))


def parameters_of(block: CovarianceBlock, structure, visits) -> np.ndarray:
    """Parameters with no derivative at 0: of a matrix with correlations of both signs where the structure allows it."""
    size = structure.size(len(visits))
    if not block.linear:
        return np.array([0.4, -0.3])
    deviations = np.linspace(1.2, 0.8, size)
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    matrix = np.outer(deviations, deviations) * np.where(apart == 0, 1.0, 0.4 - 0.1 * apart)
    return block.parameters(matrix[np.tril_indices(size)])


@every_structure
@every_size
def test_its_matrix_is_a_covariance_matrix(structure, visits):
    for block in both_blocks(structure, visits):
        phi = parameters_of(block, structure, visits)
        if not block.linear:
            times = np.array([[0.0, 0.4, 1.0, 3.0]])
            assert np.linalg.eigvalsh(covariance_at_times(structure.decay, times, phi)[0][0])[0] > 0
            continue
        elements = block.elements(phi)
        assert elements.shape == (block.n_elements,) == (structure.n_elements(len(visits)),)
        assert np.linalg.eigvalsh(matrix_of(elements, structure.size(len(visits))))[0] > 0


@every_structure
@every_size
def test_derivatives_are_those_of_its_elements(structure, visits):
    for block in both_blocks(structure, visits):
        phi = parameters_of(block, structure, visits)
        slope = np.linspace(-1, 2, block.n_elements)
        steps = np.eye(block.n_parameters) * 1e-5
        first = [(block.elements(phi + e) - block.elements(phi - e)) / 2e-5 for e in steps]
        second = [slope @ (block.jacobian(phi + e) - block.jacobian(phi - e)) / 2e-5 for e in steps]
        assert block.jacobian(phi) == pytest.approx(np.column_stack(first), abs=SLOPE)
        assert block.second_derivative(phi, slope) == pytest.approx(np.array(second), abs=SLOPE)


@every_structure
@every_size
def test_parameters_are_read_back_from_elements(structure, visits):
    for block in both_blocks(structure, visits):
        phi = parameters_of(block, structure, visits)
        assert block.parameters(block.elements(phi)) == pytest.approx(phi, abs=1e-12)


@every_structure
@every_size
def test_parameters_in_other_units_of_the_scores(structure, visits):
    """Elements are squared scores; parameters grow by their shift, or have no shift and are roots or elements."""
    for block in both_blocks(structure, visits):
        phi = parameters_of(block, structure, visits)
        shift = block.shift(np.log(STRETCH))
        if not block.linear:
            value, _, _ = covariance_at_times(structure.decay, np.array([[0.0, 1.0]]), phi)
            assert covariance_at_times(structure.decay, np.array([[0.0, 1.0]]), phi + shift)[0] == pytest.approx(
                STRETCH**2 * value
            )
            continue
        stretched = block.parameters(STRETCH**2 * block.elements(phi))
        if shift is not None:
            assert stretched == pytest.approx(phi + shift, abs=1e-12)
        else:
            ratio = stretched / phi
            assert ratio == pytest.approx(ratio[0]) and ratio[0] in (pytest.approx(STRETCH), pytest.approx(STRETCH**2))


@every_structure
@every_size
def test_each_parameter_has_a_name_of_its_own(structure, visits):
    names = [name for stratum in ("", "group") for name in structure.parameter_names(visits, stratum)]
    assert len(set(names)) == len(names) == 2 * structure.blocks(visits)[1].n_parameters
    assert all(name.startswith(structure.name) for name in names)


@pytest.mark.parametrize("structure", OVER_VISITS, ids=label)
def test_what_is_said_of_a_structure_is_true_of_its_matrices(structure):
    """The variance by visit, the order of visits, and the constants that it holds, tried on one matrix."""
    visits, size = ["1", "2", "3", "6"], 4
    block = structure.blocks(visits)[1]
    phi = parameters_of(block, structure, visits)
    matrix = matrix_of(block.elements(phi), size)

    def has_structure(other: np.ndarray) -> bool:
        elements = other[np.tril_indices(size)]
        return bool(np.allclose(block.elements(block.parameters(elements)), elements))

    assert structure.variance_by_visit == has_structure(matrix * np.outer(*[np.arange(1.0, 5)] * 2))
    turned = matrix[np.ix_([1, 3, 0, 2], [1, 3, 0, 2])]
    assert structure.visits_in_order == (not has_structure(turned))
    assert structure.holds_constant == (has_structure(matrix + 0.2) and has_structure(matrix + 0.2 * np.eye(size)))
    rng = np.random.default_rng(7)
    anything = np.cov(rng.standard_normal((4, 30)))
    assert structure.any_matrix == has_structure(anything)


def test_names_are_words_of_the_formula():
    assert list(STRUCTURES) == [record.name for record in STRUCTURES.values()]
    assert len({record.words for record in RECORDS}) == len(RECORDS)
    for name in STRUCTURES:
        assert re.fullmatch(r"[a-z]\w*", name)
        term = read_formula(f"score ~ visit + {name}(visit | patient)").residual
        assert term is not None and term.structure == name


def test_no_other_module_knows_a_structure_by_its_name():
    """What differs between structures is asked of the record. cs is a spline, too."""
    folder = Path(families.__file__).parents[1]
    found = {
        (path.name, node.value)
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in [*STRUCTURES]
    }
    own = {("structures.py", name) for name in STRUCTURES}
    assert found - own <= {("functions.py", "cs"), ("bounds.py", "cs")}


@pytest.mark.parametrize(
    ("name", "correlation"),
    [
        ("cs", lambda lag: 0.5 * np.ones_like(lag)),
        ("ar1", lambda lag: 0.5**lag),
        ("toep", lambda lag: np.array([1.0, 0.5, 0.3, 0.1])[lag]),
    ],
)
@pytest.mark.parametrize("by_visit", [False, True])
def test_patterns_written_out(name, correlation, by_visit):
    """Correlations by the number of steps between visits; the h is for a variance of each visit."""
    sd = np.array([1.0, 2, 3, 4]) if by_visit else np.full(4, 3.0)
    rho = [0.5, 0.3, 0.1] if name == "toep" else [0.5]
    block, _ = STRUCTURES[name + "h" * by_visit].blocks(["1", "2", "3", "6"])
    found = matrix_of(block.elements(np.r_[np.log(sd) if by_visit else np.log(3.0), rho]), 4)
    for i, j in product(range(4), range(4)):
        expected = sd[i] * sd[j] * (1.0 if i == j else correlation(np.abs(i - j)))
        assert found[i, j] == pytest.approx(expected, rel=1e-12)
