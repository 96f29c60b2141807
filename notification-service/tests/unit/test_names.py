"""Names in texts: safe, in the order of speech, and the first name alone."""

import pytest
from notification_service.domain.texts.names import cut, first_name, full_name, safe_name

NAMES = {
    "Kari Nordmann": ("Kari", "Kari Nordmann"),
    "  Kari \t Nordmann\xa0": ("Kari", "Kari Nordmann"),
    "Kari": ("Kari", "Kari"),
    "": ("", ""),
    " \u200d\u200c ": ("", ""),
    "Anne-Marie Øvergård": ("Anne-Marie", "Anne-Marie Øvergård"),
    "Bo Ek": ("Bo", "Bo Ek"),
    # the surname first
    "Nordmann, Ola": ("Ola", "Ola Nordmann"),
    "Nordmann,Ola Johan": ("Ola", "Ola Johan Nordmann"),
    "Nordmann Hansen, Kari": ("Kari", "Kari Nordmann Hansen"),
    "nordmann hansen, kari": ("kari", "kari nordmann hansen"),
    "van der Berg, Jan": ("Jan", "Jan van der Berg"),
    "Nordmann, Ola, Jr.": ("Ola", "Ola Nordmann Jr."),
    "Nordmann, Dr. Ola": ("Ola", "Dr. Ola Nordmann"),
    "Nordmann, O.": ("", "O. Nordmann"),
    "Nordmann, M.A.": ("", "M.A. Nordmann"),
    "Nordmann, ": ("", "Nordmann"),
    ", Ola": ("Ola", "Ola"),
    ",": ("", ""),
    # a comma that is no sign of that
    "Ola Nordmann, Jr.": ("Ola", "Ola Nordmann Jr."),
    "Ola Nordmann, Ph.D.": ("Ola", "Ola Nordmann Ph.D."),
    "Kari Nordmann, sykepleier": ("Kari", "Kari Nordmann"),
    "Ola Nordmann,": ("Ola", "Ola Nordmann"),
    # initials
    "O. Nordmann": ("", "O. Nordmann"),
    "O Nordmann": ("", "O Nordmann"),
    "J.-P. Nordmann": ("", "J.-P. Nordmann"),
    "A-M. Nordmann": ("", "A-M. Nordmann"),
    "J.R.R. Tolkien": ("", "J.R.R. Tolkien"),
    "K. Ola Nordmann": ("Ola", "K. Ola Nordmann"),
    "J. Nordmann jr.": ("", "J. Nordmann jr."),
    "K. Nordmann (koordinator)": ("", "K. Nordmann (koordinator)"),
    # titles
    "Dr. Kari Nordmann": ("Kari", "Dr. Kari Nordmann"),
    "prof. dr.philos. Kari Nordmann": ("Kari", "prof. dr.philos. Kari Nordmann"),
    "Fru Nordmann": ("", "Fru Nordmann"),
    "Mr. Okafor": ("", "Mr. Okafor"),
    # particles, other marks
    "Jan van der Berg": ("Jan", "Jan van der Berg"),
    "von Trapp": ("", "von Trapp"),
    "Siobhán O'Brien": ("Siobhán", "Siobhán O'Brien"),
    "«Ola» Nordmann": ("Ola", "«Ola» Nordmann"),
    "Ola (Olle) Nordmann": ("Ola", "Ola (Olle) Nordmann"),
    # joiners are letters of a name
    "\u200dعلی\u200cرضا رضایی": ("علی\u200cرضا", "علی\u200cرضا رضایی"),
    "അനില്\u200d കുമാര്\u200d": ("അനില്\u200d", "അനില്\u200d കുമാര്\u200d"),
    # what is no name
    "kari.nordmann@lhl.example": ("", ""),
    "Kari Nordmann <kari@lhl.example>": ("Kari", "Kari Nordmann"),
    "kari.nordmann": ("", "kari.nordmann"),
    "0047 12345678": ("", "0047 12345678"),
    "X" * 90: ("X" * 39 + "…", "X" * 79 + "…"),
    "X" * 150 + ", Kari": ("Kari", "Kari…"),
    "Nordmann" * 9 + ", Ola": ("Ola", "Ola " + "Nordmann" * 9),
}


@pytest.mark.parametrize("name", NAMES)
def test_people_are_called_by_their_first_name_and_named_as_spoken(name: str) -> None:
    assert (first_name(name), full_name(name)) == NAMES[name]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Kari\r\nBcc: x@y", "Kari Bcc: x@y"),
        ("Kari\u202enamdroN\u200b", "KarinamdroN"),
        ("  Kari   Nordmann ", "Kari Nordmann"),
        ("{mentor}", "{mentor}"),
        ("Åse-Marie Øvergård", "Åse-Marie Øvergård"),
        ("\ud800", ""),
        ("K" * 200, "K" * 79 + "…"),
    ],
)
def test_names_stay_within_their_sentence(name: str, said: str) -> None:
    assert safe_name(name) == said


@pytest.mark.parametrize(
    ("text", "length", "shortened"),
    [("one two", 7, "one two"), ("one two three", 9, "one two…"), ("one, two", 6, "one…"), ("abcdefgh", 5, "abcd…")],
)
def test_texts_are_cut_at_a_word(text: str, length: int, shortened: str) -> None:
    assert cut(text, length) == shortened
