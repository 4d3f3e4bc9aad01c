"""One name for the spellings of an entity, and whether two spellings are of one name."""

from __future__ import annotations

import time
from collections import Counter
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import gazetteer
from nlp.entity_names import named, titled
from nlp.name_particles import without_particles
from nlp.name_spellings import same_name
from storage.records import BrandMatch, BrandRole, Entity

LABELS = ("PERSON", "ORG", "LOC", "PRODUCT", "EVENT")


def names(*mentions: tuple[str, str], language: str = "ar", brands: tuple[BrandMatch, ...] = ()) -> list[str]:
    """Return the names of mentions (text, label) that stand in one text, a space between them."""
    entities, at = [], 0
    for text, label in mentions:
        entities.append(Entity(text, label, at, at + len(text)))
        at += len(text) + 1
    return [entity.name or "" for entity in named(entities, language, brands)]


def match(name: str, alias: str, start: int, end: int) -> BrandMatch:
    """Return a match of an own brand."""
    return BrandMatch(name, BrandRole.OWN, alias, start, end, 1.0)


@pytest.mark.parametrize(
    ("label", "spellings", "name"),
    [
        (
            "ORG",
            ["أرامكو", "Aramco", "ارامكو", "وأرامكو", "لأرامكو", "شركة أرامكو", "ARAMCO"],
            "Saudi Aramco",
        ),
        ("LOC", ["الرياض", "بالرياض", "وبالرياض", "الرِّيَاض", "الريـــاض", "عالرياض", "Riyadh"], "Riyadh"),
        ("LOC", ["السعودية", "للسعودية", "KSA", "Saudi Arabia", "والسعودية"], "Saudi Arabia"),
        ("LOC", ["المغرب", "فالمغرب", "Maroc", "Morocco"], "Morocco"),
        ("LOC", ["the US", "U.S.", "أمريكا", "بأمريكا", "أميركا"], "United States"),
        ("PRODUCT", ["واتساب", "الواتساب", "واتس اب", "WhatsApp", "whatsapp"], "WhatsApp"),
        ("ORG", ["Domino's", "dominos", "دومينوز"], "Domino's"),
        ("PERSON", ["ميسي", "Messi", "messi’s"], "Lionel Messi"),
    ],
)
def test_the_gazetteer_gives_all_spellings_one_name(label: str, spellings: list[str], name: str) -> None:
    assert {spelling: names((spelling, label)) for spelling in spellings} == {
        spelling: [name] for spelling in spellings
    }


def test_a_person_called_like_a_country_or_a_firm_is_neither() -> None:
    assert names(("Jordan", "PERSON"), ("كريم", "PERSON"), language="en") == ["Jordan", "كريم"]


@pytest.mark.parametrize(
    ("text", "label", "name"),
    [
        ("لأحمد", "PERSON", "أحمد"),
        ("وخالد الشمري", "PERSON", "خالد الشمري"),
        ("وليد", "PERSON", "وليد"),
        ("بسمة", "PERSON", "بسمة"),
        ("كرامي", "PERSON", "كرامي"),
        ("فراس", "PERSON", "فراس"),
        ("والتر", "PERSON", "والتر"),
        ("والنعيمي", "PERSON", "النعيمي"),
        ("بالعبدلي", "LOC", "العبدلي"),
        ("لبنان", "LOC", "Lebanon"),
        ("بالتيمور", "LOC", "بالتيمور"),
        ("كاليفورنيا", "LOC", "California"),
        ("وول", "ORG", "وول"),
        ("وكين", "PERSON", "كين"),
        ("وستمنستر", "LOC", "وستمنستر"),
        ("للجنة المعلمين", "ORG", "لجنة المعلمين"),
        ("وحزب الورد", "ORG", "حزب الورد"),
        ("وزارة الثقافة", "ORG", "وزارة الثقافة"),
        ("بابل", "LOC", "Babylon"),
    ],
)
def test_a_particle_goes_only_where_what_remains_is_a_name(text: str, label: str, name: str) -> None:
    assert names((text, label)) == [name]


def test_persian_attaches_no_particles() -> None:
    assert names(("والنعيمي", "PERSON"), language="fa") == ["والنعيمي"]


def test_a_particle_goes_where_the_same_text_has_the_name_without_it() -> None:
    assert names(("نوفانت", "ORG"), ("بنوفانت", "ORG")) == ["نوفانت", "نوفانت"]
    assert without_particles("بنوفانت", "ORG") == "بنوفانت"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("novanet's", "Novanet"),
        ("new cross", "New Cross"),
        ("bank of the north", "Bank of the North"),
        ("BRIGHTWELL FOODS", "Brightwell Foods"),
        ("NASA", "NASA"),
        ("McKinsey", "McKinsey"),
        ("the Tate", "Tate"),
        ("#nova_net", "Nova Net"),
    ],
)
def test_an_unknown_latin_name_gets_the_capitals_of_a_name(text: str, name: str) -> None:
    assert names((text, "ORG"), language="en") == [name]


def test_a_brand_lends_its_name_to_all_its_spellings_in_the_text() -> None:
    found = names(
        ("نوفانت", "ORG"), ("Novanet", "ORG"), ("الرياض", "LOC"), brands=(match("Nova", "نوفانت", 0, 6),)
    )
    assert found == ["Nova", "Nova", "Riyadh"]


def test_a_product_bears_its_own_name_and_a_title_match_changes_nothing() -> None:
    titled_match = BrandMatch("Nova", BrandRole.OWN, "Nova", None, None, 1.0)
    brands = (titled_match, match("Nova", "Nova Box", 0, 8), match("Apple", "آيفون", 9, 14))
    assert names(("nova box", "PRODUCT"), ("ايفون", "PRODUCT"), brands=brands) == ["Nova Box", "iPhone"]


def test_a_surname_alone_is_the_person_named_in_full_unless_two_bear_it() -> None:
    assert names(("سامي الخطيب", "PERSON"), ("الخطيب", "PERSON"), ("Khatib", "PERSON")) == ["سامي الخطيب"] * 3
    assert names(("Jane Roe", "PERSON"), ("John Roe", "PERSON"), ("Roe", "PERSON"), language="en") == [
        "Jane Roe", "John Roe", "Roe",
    ]  # fmt: skip


def test_things_of_different_kinds_or_known_to_differ_keep_their_names() -> None:
    assert names(("نوفانت", "ORG"), ("نوفانت", "PERSON")) == ["نوفانت", "نوفانت"]
    assert names(("Chelsea", "ORG"), ("Liverpool", "ORG"), language="en") == ["Chelsea", "Liverpool"]
    assert names(("ليفربول", "ORG"), ("Liverpool", "ORG")) == ["Liverpool", "Liverpool"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("أرامكو", "Aramco"), ("محمد", "Mohamed"), ("Muhammad", "Mohammed"), ("الخطيب", "Al-Khatib"),
        ("غسان كنفاني", "Ghassan Kanafani"), ("نوفانت", "Novanet"), ("غوغل", "جوجل"),
        ("زيلينسكي", "Zelensky"), ("السيسي", "El-Sisi"), ("أبو ظبي", "AbuDhabi"),
        ("شركة المدار", "المدار"), ("أردوغان", "Erdogan"), ("Brightwell Foods Inc.", "Brightwell Foods"),
        ("شيماء", "Chaimae"), ("بلينكن", "Blinken"),
    ],
)  # fmt: skip
def test_spellings_of_one_name_are_told(one: str, other: str) -> None:
    assert same_name(one, other) and same_name(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Martin", "Morton"), ("سالم", "Salman"), ("حسن", "Hussein"), ("سلمى", "Salem"), ("كريم", "Karam"),
        ("سعد", "سعيد"), ("ناصر", "نصر"), ("Apple", "Maple"), ("دبي", "Doha"), ("Hassan", "Hussein"),
        ("Bank of Cairo", "Bank of Egypt"), ("خالد", "Khalil"), ("الهلال", "النصر"), ("", "Aramco"), ("", ""),
    ],
)  # fmt: skip
def test_different_names_are_told(one: str, other: str) -> None:
    assert not same_name(one, other) and not same_name(other, one)


def test_no_spelling_of_the_gazetteer_stands_for_two_things_of_a_label() -> None:
    text = files("nlp").joinpath("models", "names.txt").read_text(encoding="utf-8")
    rows = list(gazetteer.rows(text))
    sections = Counter(section for section, _ in rows)
    assert set(sections) == {*gazetteer.LABELS, gazetteer.GIVEN}
    assert sum(sections[label] for label in gazetteer.LABELS) >= 400
    owners = Counter(
        (section, spelling)
        for section, spellings in rows
        if section != gazetteer.GIVEN
        for spelling in {gazetteer.key(spelling) for spelling in spellings}
    )
    assert [owner for owner, times in owners.items() if times > 1] == []
    assert [owner for owner in owners if not owner[1]] == []
    twice = Counter((section, spelling) for section, spellings in rows for spelling in spellings)
    assert [
        spelling for (section, spelling), times in twice.items() if times > 1 and section != "GIVEN"
    ] == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=30), st.sampled_from(LABELS)), max_size=12), st.booleans())
def test_any_entities_keep_their_order_and_offsets_and_get_a_name(
    mentions: list[tuple[str, str]], arabic: bool
) -> None:
    entities = [Entity(text, label, at, at + len(text)) for at, (text, label) in enumerate(mentions)]
    found = named(entities, "ar" if arabic else "en", ())
    assert [(one.text, one.label, one.start, one.end) for one in found] == [
        (one.text, one.label, one.start, one.end) for one in entities
    ]
    assert all(one.name is not None for one in found)


ALPHABET = st.text("ابتجحدرسشصعغفقكلمنهويabdeghiklmnorstuwyz '-", max_size=30)


@settings(deadline=None)
@given(ALPHABET, ALPHABET)
def test_being_one_name_does_not_depend_on_the_order(one: str, other: str) -> None:
    assert same_name(one, other) == same_name(other, one)
    assert same_name(one, one) == bool(gazetteer.key(one))


@given(st.text("abc DEF", max_size=20))
def test_capitals_are_given_once(name: str) -> None:
    assert titled(titled(name)) == titled(name)


def test_a_text_of_nothing_but_names_takes_no_second() -> None:
    arabic = [
        ("".join("ابتثجحخدذرزسشصضطظعغفقكلمنهوي"[(i * 7 + j) % 28] for j in range(500)), "ORG")
        for i in range(300)
    ]
    latin = [("a" * i + "eiou" * 100, "PERSON") for i in range(300)]
    gazetteer.load()
    begun = time.process_time()
    names(*arabic, *latin)
    assert time.process_time() - begun < 1
