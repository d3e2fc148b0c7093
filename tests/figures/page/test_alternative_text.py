"""A short text that a screen reader says, and the whole beside the picture."""

from kap_analysis.figures.page.alternative_text import SHORT, short_text


def test_a_short_text_is_whole_sentences_within_300_characters():
    text = "Bars of two formats. " + " ".join(f"Individual {k} of 120." for k in range(40))
    short = short_text(text)
    assert len(short) <= SHORT
    assert text.startswith(short)
    assert short.endswith("of 120.")
    assert short_text(short) == short


def test_a_first_sentence_that_is_too_long_ends_between_words():
    short = short_text("word " * 200)
    assert len(short) <= SHORT
    assert short.endswith("word…")


def test_a_short_first_sentence_is_followed_by_the_beginning_of_the_next():
    short = short_text("Flow of patients. " + "Individual: " + "12 of 120, " * 60)
    assert SHORT / 3 <= len(short) <= SHORT
    assert short.startswith("Flow of patients. Individual: 12 of 120,")
    assert short.endswith("…")


def test_decimals_do_not_end_a_sentence():
    short = short_text(" ".join(["It is 3.1 Points."] * 40))
    assert short == " ".join(["It is 3.1 Points."] * 16)
