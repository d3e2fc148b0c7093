"""The face of the package: what is public says itself in one screen, is copied and pickled, and shows its arguments."""

import copy
import inspect
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kap_analysis as kap
from kap_analysis.errors import KapError

ONE_SCREEN = 2_000


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"patient_id": np.repeat([f"SECRET{i}" for i in range(40)], 3)})
    rows["visit"] = np.tile(["baseline", "week 4", "week 12"], 40)
    rows["format"] = np.where(np.repeat(np.arange(40) % 2, 3), "group", "individual")
    rows["score"] = rng.integers(10, 40, len(rows)).astype(float)
    model = kap.mixedlm("score ~ visit*format + (1 | patient_id)", rows)
    spline = kap.mixedlm("score ~ bs(x, df=4) + (1 | patient_id)", rows.assign(x=rng.normal(size=len(rows))))
    fit = model.fit()
    outcomes = kap.Outcomes.from_frame(rows, instrument="BDI-II")
    return {
        "MixedModel": model,
        "MixedModel with a spline": spline,
        "MixedResults": fit,
        "Design": model.design,
        "Summary": fit.summary(),
        "Outcomes": outcomes,
        "Instrument": kap.get_instrument("BDI-II"),
        "Norms": kap.Norms(30.0, 9.0, 0.9),
        "Plan": kap.Plan("BDI-II", "week 12"),
        "EstimatedChange": kap.estimate_change(outcomes),
        "Error": kap.StudyError("one", pd.DataFrame({"row": [1]})),
    }


NAMES = ("MixedModel", "MixedModel with a spline", "MixedResults", "Design", "Summary", "Outcomes", "Instrument",
         "Norms", "Plan", "EstimatedChange", "Error")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_repr_takes_one_screen_and_names_no_patient(objects: dict[str, Any], name: str) -> None:
    shown = repr(objects[name])
    assert len(shown) <= ONE_SCREEN
    assert "SECRET" not in shown


@pytest.mark.parametrize("name", NAMES)
def test_copies_and_pickles_are_of_the_same_kind(objects: dict[str, Any], name: str) -> None:
    one = objects[name]
    for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert type(other) is type(one)
        assert repr(other) == repr(one)


@pytest.mark.parametrize("name", NAMES)
def test_equality_gives_a_truth(objects: dict[str, Any], name: str) -> None:
    one = objects[name]
    assert (one == one) is True
    assert isinstance(one == copy.deepcopy(one), bool)
    assert (one == 1) is False


def test_a_pickled_fit_answers_as_before(objects: dict[str, Any]) -> None:
    fit = objects["MixedResults"]
    other = pickle.loads(pickle.dumps(fit))
    pd.testing.assert_frame_equal(other.contrasts("visit"), fit.contrasts("visit"))


def public_callables() -> Iterator[tuple[str, Any]]:
    for prefix, module in (("kap", kap), ("kap.figures", kap.figures), ("kap.tables", kap.tables)):
        for name in sorted(n for n in dir(module) if not n.startswith("_")):
            value = getattr(module, name)
            if inspect.isfunction(value):
                yield f"{prefix}.{name}", value
            elif inspect.isclass(value):
                for method, function in inspect.getmembers(value, inspect.isfunction):
                    if not method.startswith("_"):
                        yield f"{prefix}.{name}.{method}", function


def test_every_signature_shows_its_arguments() -> None:
    hidden = [
        name
        for name, function in public_callables()
        if any(part.kind is part.VAR_KEYWORD for part in inspect.signature(function).parameters.values())
    ]
    assert hidden == []


def test_every_error_is_a_kap_error() -> None:
    classes = [value for name in dir(kap) if inspect.isclass(value := getattr(kap, name))]
    errors = [kind for kind in classes if issubclass(kind, Exception) and not issubclass(kind, Warning)]
    assert len(errors) > 8 and all(issubclass(error, KapError) for error in errors)
    with pytest.raises(kap.KapError, match="formula is empty"):
        kap.mixedlm("", pd.DataFrame({"y": [1.0]}))


def functions_of_studies() -> dict[str, Any]:
    first = {name: next(iter(inspect.signature(f).parameters.values()), None) for name, f in public_callables()}
    kinds = ("Study", "Outcomes", "Study | Outcomes")
    return {
        name: function
        for name, function in public_callables()
        if name.count(".") == 1 and first[name] is not None and _written(first[name].annotation) in kinds
    }


def _written(annotation: Any) -> str:
    return (
        annotation
        if isinstance(annotation, str)
        else getattr(annotation, "__name__", None)
        or " | ".join(kind.__name__ for kind in getattr(annotation, "__args__", ()))
    )


@pytest.mark.parametrize("name", functions_of_studies())
@pytest.mark.parametrize("given", ["data/study", pd.DataFrame({"score": [1.0]}), None, 3])
def test_a_question_asked_of_something_else_says_what_it_takes(name: str, given: Any) -> None:
    function = functions_of_studies()[name]
    others = list(inspect.signature(function).parameters.values())[1:]
    needed = {part.name: "A" for part in others if part.default is part.empty}
    with pytest.raises(KapError, match=rf"^{function.__name__} takes (a study|outcomes|a study or outcomes), found "):
        function(given, **needed)


def test_there_are_as_many_such_functions_as_questions() -> None:
    assert len(functions_of_studies()) > 25
