"""What is delivered in other languages is delivered complete, with all its places."""

import re

import pytest
from babel.messages.pofile import read_po

from devtool.paths import ROOT

LANGUAGES = ("de", "fr", "es")
TEMPLATES = sorted(ROOT.glob("service_agreement*/i18n/*.pot"))
PLACES = re.compile(r"%\(\w+\)[sd]|%s|</?[a-z]\w*|t-out=\"[^\"]*\"")
# Of icons, which Odoo translates with the sentence that they stand in.
LABELS = re.compile(r"<[^>]*\b(?:aria-label|title|alt)=\"([^\"]+)\"")
# The same in some of the languages.
INTERNATIONAL = {"PDF", "Photos", "Problem"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_everything_is_translated(template, language):
    wanted = {message.id for message in _read(template) if message.id}
    translated = {
        message.id: message.string
        for message in _read(template.with_name(f"{language}.po"))
        if message.id
    }
    assert wanted == set(translated)
    assert not [text for text, said in translated.items() if not said]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_what_is_filled_in_has_its_place(template, language):
    wrong = [
        (message.id, message.string)
        for message in _read(template.with_name(f"{language}.po"))
        if message.id and _places(message.id) != _places(message.string)
    ]
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_icons_are_read_out_in_the_language(template, language):
    left = [
        label
        for message in _read(template.with_name(f"{language}.po"))
        if message.id
        for label in LABELS.findall(message.id)
        if label in LABELS.findall(message.string) and label not in INTERNATIONAL
    ]
    assert not left


def _read(path):
    with path.open("rb") as file:
        return read_po(file)


def _places(text):
    return sorted(PLACES.findall(text))
