"""The pages of the clinic as a browser shows them: on a telephone, dark, printed, by keyboard."""

import pytest

import kap_analysis as kap
from tests.browser import TELEPHONE, faults_of, opened_browser, printed_pages, violations_of
from tests.review.conftest import with_patients

pytestmark = pytest.mark.slow

HOSTILE = '<script>alert("x")</script>\u202e שם طب ' + "W" * 80


@pytest.fixture(scope="module")
def browser():
    with opened_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(study, review, many, tmp_path_factory):
    """Pages by name: a practice and its list, a practice among twelve, one with a hostile name, nobody, a patient."""
    found = {}
    people = study.patients.assign(practice=HOSTILE)
    asked = {
        "practice": review,
        "of twelve": kap.review_practice(many, practice="P03"),
        "hostile": kap.review_practice(with_patients(study, people, title=HOSTILE)),
        "nobody": kap.review_practice(study, practice="A", period="2019-Q1", compare="previous"),
    }
    for name, one in asked.items():
        folder = tmp_path_factory.mktemp("page")
        found[name], found[f"{name}: list"] = kap.write_review(one, folder / "review.html")
    patient = kap.review_patient(study, "P001", similar=True)
    found["patient"] = kap.write_patient_page(patient, tmp_path_factory.mktemp("page") / "patient.html")
    return found


def test_no_page_asks_for_anything_says_an_error_or_is_wider_than_a_telephone(pages, browser):
    assert [(name, fault) for name, page in pages.items() for fault in faults_of(browser, page)] == []


def test_the_letters_of_charts_are_read_on_a_telephone_and_on_paper(pages, browser):
    sizes = """() => [...document.querySelectorAll("svg text")].map(one => parseFloat(getComputedStyle(one).fontSize)
        * one.ownerSVGElement.getBoundingClientRect().width / one.ownerSVGElement.viewBox.baseVal.width)"""
    for media in ("screen", "print"):
        for name in ("practice", "of twelve", "patient"):
            tab = browser.new_page(viewport=TELEPHONE if media == "screen" else {"width": 695, "height": 1000})
            tab.goto(pages[name].as_uri())
            tab.emulate_media(media=media)
            assert min(tab.evaluate(sizes)) >= 9.6, (media, name)  # px on a telephone; on paper 7.2 points
            tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(pages, browser, scheme):
    assert [(name, one) for name, page in pages.items() for one in violations_of(browser, page, scheme)] == []


def test_a_practice_is_printed_on_two_sheets_and_a_patient_on_one(pages, browser):
    sheets = {name: printed_pages(browser, page, prefer_css_page_size=True) for name, page in pages.items()}
    assert sheets["patient"] == 1
    assert max(sheets[name] for name in ("practice", "of twelve", "hostile", "nobody")) <= 2


def test_the_value_of_a_point_is_shown_by_keyboard_and_by_pointer(pages, browser):
    for name in ("practice", "of twelve", "patient"):
        tab = browser.new_page(viewport=TELEPHONE)
        tab.goto(pages[name].as_uri())
        box, points = tab.locator(".value"), tab.locator(".point")
        assert not box.is_visible()
        said = []
        for _ in range(80):
            tab.keyboard.press("Tab")
            focused = tab.evaluate(
                "document.activeElement.matches('.point') && document.activeElement.getAttribute('aria-label')"
            )
            if focused:
                assert box.is_visible()
                assert box.inner_text() == focused
                said.append(focused)
        assert len(said) >= min(points.count(), 10)
        tab.evaluate("document.activeElement.blur()")
        assert not box.is_visible()
        points.first.scroll_into_view_if_needed()
        points.first.hover()
        assert box.inner_text() == points.first.get_attribute("aria-label")
        tab.close()


def test_without_a_script_everything_is_there_and_a_point_has_a_title(pages, browser):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(pages["practice"].as_uri())
    assert tab.locator("section").count() == 8  # seven parts, and the words
    assert tab.locator(".point > title").count() == tab.locator(".point").count() > 5
    context.close()
