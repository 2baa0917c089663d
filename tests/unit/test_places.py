"""Places in text: every pitfall both ways, every country, other scripts, and what a rule's author means."""

from __future__ import annotations

from functools import cache

import pytest

from monitor.text.places import gazetteer
from monitor.text.tokens import tokenize

GAZETTEER = gazetteer()
COUNTRIES = [place for place in GAZETTEER.ids() if GAZETTEER.kind(place) in ("country", "territory")]


def found(text: str, language: str | None = None) -> list[str]:
    """The ids of the places named in a text."""
    return [mention.place for mention in GAZETTEER.find(list(tokenize(text)), language)]


# ── case ──


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S. said so", ["us"]),
        ("The US said so", ["us"]),
        ("They told us so", []),
        ("Us too", []),
        ("the UK and the EU and the UAE and the USA", ["gb", "r.eu", "ae", "us"]),
        ("an uk-style eu law", []),
        ("The DPRK, the ROK and the PRC", ["kp", "kr", "cn"]),
        ("China bought Turkey's lira debt in Ankara", ["cn", "tr", "tr.ankara"]),
        ("a set of bone china beside the turkey", []),
        ("CHINA AND VIETNAM SIGN PACT", ["cn", "vn"]),
        ("polish the table", []),
        ("the Polish army", ["pl"]),
        ("The Hague said", ["nl.the-hague"]),
        ("a hague of people", []),
    ],
)
def test_case_tells_names_from_words(text: str, expected: list[str]) -> None:
    """In scripts with capitals a name is capitalised, and an abbreviation is in capitals."""
    assert found(text) == expected


# ── names inside names ──


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in South Africa today", ["za"]),
        ("across Africa today", ["r.africa"]),
        ("in New Mexico today", ["us.new-mexico"]),
        ("in Mexico today", ["mx"]),
        ("snow in New England", ["us.new-england"]),
        ("fans in England", ["gb.england"]),
        ("rebels in Niger fled to Nigeria", ["ne", "ng"]),
        ("a Nigerien and a Nigerian", ["ne", "ng"]),
        ("Guinea, Guinea-Bissau, Equatorial Guinea and Papua New Guinea", ["gn", "gw", "gq", "pg"]),
        ("the Gulf of Guinea", ["gq"]),
        ("South Korea, North Korea and Korea", ["kr", "kp", "kr"]),
        ("the Korean Peninsula", ["r.korea"]),
        ("South Sudan and Sudan", ["ss", "sd"]),
        ("the Democratic Republic of the Congo and Congo-Brazzaville", ["cd", "cg"]),
        ("East Timor and Timor-Leste", ["tl", "tl"]),
        ("American Samoa and Samoa", ["as", "ws"]),
        ("Dominica and the Dominican Republic", ["dm", "do"]),
        ("Northern Ireland and Ireland", ["gb.northern-ireland", "ie"]),
        ("Bank of Ireland shares in Dublin", ["ie", "ie.dublin"]),
        ("American Airlines cut flights", []),
        ("an American airline", ["us"]),
        ("China Airlines of Taipei", ["tw", "tw.taipei"]),
        ("wrote the Washington Post", []),
        ("a guinea pig; Guinea pigs", []),
        ("Brussels sprouts", []),
        ("fleets in the South China Sea", ["r.south-china-sea"]),
        ("oil from the Gulf of Mexico", ["us"]),
        ("US-China talks", ["us", "cn"]),
        ("the U.S.-led force", ["us"]),
        ("Côte d'Ivoire is Ivory Coast", ["ci", "ci"]),
        ("Bosnia & Herzegovina", ["ba"]),
        ("St. Kitts and Nevis", ["kn"]),
        ("Mexico City and Kuwait City", ["mx.mexico-city", "kw.kuwait-city"]),
    ],
)
def test_the_longest_name_wins(text: str, expected: list[str]) -> None:
    """A name inside a longer one is not found; the longer one is, where it is a place."""
    assert found(text) == expected


# ── what a story makes of an ambiguous name ──


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Georgia's governor called the runoff; senators met in Atlanta", ["us.georgia", "us.atlanta"]),
        ("Protesters in Georgia want Europe; police in Tbilisi fear Russia", ["ge", "r.europe", "ge.tbilisi", "ru"]),
        ("Atlanta, Georgia, and Augusta, Ga.", ["us.atlanta", "us.georgia", "us.georgia"]),
        ("Tbilisi, Georgia, is calm", ["ge.tbilisi", "ge"]),
        ("The king of Jordan flew to Israel", ["jo", "il"]),
        ("Jordan scored for the Bulls in the NBA", []),
        ("Michael Jordan is rich", []),
        ("Jordan Smith won; Jordan B. Peterson spoke", []),
        ("Rebels crossed into Chad from Sudan", ["td", "sd"]),
        ("Chad, the quarterback, threw a touchdown", []),
        ("Turkey and Russia talk about grain", ["tr", "ru"]),
        ("Turkey for Thanksgiving: roast it in the oven", []),
        ("Talks in Washington with Iran", ["us.washington-dc", "ir"]),
        ("Fires in Washington spread from Spokane to Seattle", ["us.washington", "us.spokane", "us.seattle"]),
        ("Denzel Washington and George Washington", []),
        ("Congo fights rebels near Goma, says Rwanda", ["cd", "cd.goma", "rw"]),
        ("Congo's leader spoke in Brazzaville", ["cg", "cg.brazzaville"]),
        ("Brussels set new tariffs, the Commission said", ["r.eu"]),
        ("Police in Brussels closed the metro; Belgium mourns", ["be.brussels", "be"]),
        ("Dominican police near the border with Haiti", ["do", "ht"]),
        ("An Indian tribe opened a casino on the reservation", []),
        ("The Indian minister spoke in Delhi", ["in", "in.new-delhi"]),
        ("Jersey, the Channel Islands tax haven", ["je"]),
        ("The team will retire his Jersey number", []),
    ],
)
def test_context_tells_senses_apart(text: str, expected: list[str]) -> None:
    """The story's other places and words say which place a name means, or that it means none."""
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ms. London resigned", []),
        ("Jack London wrote novels; London was born poor", []),
        ("Paris Hilton sings", []),
        ("a film by producer Kenya Barris was shown", []),
        ("Israel Smith was fined", []),
        ("the state of Israel", ["il"]),
        ("Kenya Airways flew", ["ke"]),
        ("Israel Defense Forces struck", ["il"]),
        ("fans in London and Paris", ["gb.london", "fr.paris"]),
        ("Paris Saint-Germain won in Paris", ["fr.paris", "fr.paris"]),
        ("he visited Jordan Tuesday, then Syria", ["jo", "sy"]),
        ("Mr. German and Dr. French", []),
        ("a throw from Tarvaris Jackson of the Eagles in Philadelphia", ["us.philadelphia"]),
        ("But Houston won in Houston", ["us.houston", "us.houston"]),
        ("Call Sgt. La Croix of Boston", ["us.boston"]),
        ("Will China agree? Mark China's words", ["cn", "cn"]),
    ],
)
def test_persons_are_no_places(text: str, expected: list[str]) -> None:
    """A title, a given name before or a surname behind makes a person of a name; other words do not."""
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in Paris, Texas", ["us.texas"]),
        ("in Athens, Ga., today", ["us.georgia"]),
        ("in Athens, Georgia, today", ["us.georgia"]),
        ("in London, Ontario, today", ["ca.ontario"]),
        ("in Paris, France", ["fr.paris", "fr"]),
        ("from Moscow, China and Iran", ["ru.moscow", "cn", "ir"]),
        ("Mass. and Miss. alone are no states", []),
        ("in Springfield, Mass.", ["us.springfield", "us.massachusetts"]),
    ],
)
def test_a_state_behind_a_city(text: str, expected: list[str]) -> None:
    """A city before a comma and a state that it is not in is another city; abbreviations stand only there."""
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nice people came", []),
        ("The attack in Nice shook France", ["fr.nice", "fr"]),
        ("Reading is fun", []),
        ("Fire in Reading, said police in London, Britain", ["gb.reading", "gb.london", "gb"]),
        ("Mobile phones sell in China", ["cn"]),
        ("Split the bill", []),
        ("The Gulf is hot", []),
        ("The Gulf is hot, said Kuwait", ["r.gulf", "kw"]),
        ("Man bites Dog", []),
        ("Orange and Bath", []),
        ("Metro fares rise", []),
    ],
)
def test_weak_names_need_support(text: str, expected: list[str]) -> None:
    """A name that is mostly a word counts only where the story names its country too."""
    assert found(text) == expected


def test_events_are_marked() -> None:
    """A place in the name of something past is found, and said to be an event."""
    mentions = GAZETTEER.find(list(tokenize("Vietnam War veterans and the Paris Agreement, in Vietnam")))
    assert [(m.place, m.how) for m in mentions] == [("vn", "event"), ("fr.paris", "event"), ("vn", "name")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Kremlin warned the White House", ["ru", "us"]),
        ("Downing Street and the Élysée agreed", ["gb", "fr"]),
        ("Elysee officials", ["fr"]),
        ("Pyongyang fired; Beijing waits; Moscow denies", ["kp.pyongyang", "cn.beijing", "ru.moscow"]),
        ("the European Commission and NATO", ["r.eu", "r.nato"]),
        ("ASEAN, BRICS, the G7, the G-20 and OPEC", ["r.asean", "r.brics", "r.g7", "r.g20", "r.opec"]),
        ("Southeast Asia and the Middle East", ["r.southeast-asia", "r.middle-east"]),
        ("Sahel juntas", ["r.sahel"]),
        ("the euro zone", ["r.euro-zone"]),
    ],
)
def test_metonyms_and_regions(text: str, expected: list[str]) -> None:
    """A seat of government stands for its state; regions and blocs are places."""
    assert found(text) == expected


# ── every country ──


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_by_name_capital_and_people(country: str) -> None:
    """Each country and territory is found by its English name, its people, and its capital where it is named too."""
    known = GAZETTEER.place(country)
    assert known is not None
    assert country in found(f"Officials of {known.name} gave no figures.")
    for capital in (p for p in GAZETTEER.members(country) if GAZETTEER.kind(p) == "capital"):
        shown = GAZETTEER.place(capital)
        assert shown is not None
        # St. George's, Jamestown, Douglas and their like are names of many places: they stand with their country.
        text = f"Talks of {known.name} began in {shown.name} and in {shown.name}, {known.name}."
        assert capital in found(text) or country in found(text)
    for people in GAZETTEER.people(country, "en"):
        assert country in found(f"The {people} minister gave no figures."), people


def test_nearly_every_capital_is_found_alone() -> None:
    """A capital is known by its name without its country; a handful that are other places' names are not."""
    capitals = [p for p in GAZETTEER.ids() if GAZETTEER.kind(p) == "capital"]
    states = [p for p in capitals if GAZETTEER.kind(p.split(".")[0]) == "country"]
    missed = [p for p in states if p not in found(f"Talks began in {GAZETTEER.place(p).name} and ended.")]
    assert len(states) > 185
    assert len(missed) <= 10, missed


# ── other languages ──


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "die vietnamesische Regierung und ein Franzose", ["vn", "fr"]),
        ("de", "Türkei, Großbritannien und die USA", ["tr", "gb", "us"]),
        ("de", "Der Bundestag und der Nahe Osten", ["de"]),
        ("fr", "le président russe et l'armée française", ["ru", "fr"]),
        ("fr", "aux États-Unis et en Côte d’Ivoire", ["us", "ci"]),
        ("es", "el gobierno alemán y los Estados Unidos", ["de", "us"]),
        ("pl", "rosyjskie wojska i Stany Zjednoczone", ["ru", "us"]),
        ("ru", "российские войска и США", ["ru", "us"]),
        ("tr", "Vietnam'da ve Çin'de", ["vn", "cn"]),
        ("zh", "中国与越南签署协议", ["cn", "vn"]),
        ("zh", "发展中国家的经济", []),
        ("ja", "タイの首相、ベトナムへ", ["th", "vn"]),
        ("ja", "タイトル戦とタイム", []),
        ("ko", "베트남의 총리가 한국을 방문", ["vn", "kr"]),
        ("ko", "인도적 지원", []),
        ("ar", "وزير في فيتنام وبالصين", ["vn", "cn"]),
        ("he", "ראש הממשלה בוייטנאם", ["vn"]),
        ("th", "เวียดนามและไทย", ["vn", "th"]),
        ("hi", "वियतनाम और भारत", ["vn", "in"]),
        ("en", "Viro and Rom", []),
        ("fi", "Viro", ["ee"]),
        (None, "Вьетнам, Βιετνάμ, Wietnam", ["vn", "vn", "vn"]),
    ],
)
def test_other_languages(language: str | None, text: str, expected: list[str]) -> None:
    """Names are found in every script; short ones and short adjectives in stories of their own language only."""
    assert found(text, language) == expected


def test_inflected_names_by_a_normal_form() -> None:
    """With a base form for words, inflected names are found, also of several words; without one they are not."""
    bases = {"Вьетнама": "Вьетнам", "Саудовской": "саудовский", "Саудовская": "саудовский", "Аравии": "Аравия"}
    text = list(tokenize("Президент Вьетнама в Саудовской Аравии"))
    plain = [m.place for m in GAZETTEER.find(text, "ru")]
    normal = cache(lambda word: bases.get(word, word))
    assert "vn" not in plain
    assert [m.place for m in GAZETTEER.find(text, "ru", normal)] == ["vn", "sa"]


# ── lookup ──


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Vietnam", "vn"), ("vietnam", "vn"), ("Vietnamese", "vn"), ("Việt Nam", "vn"), ("越南", "vn"),
        ("Вьетнам", "vn"), ("Southeast Asia", "r.southeast-asia"), ("Asian", "r.asia"), ("EU", "r.eu"), ("eu", "r.eu"),
        ("Burma", "mm"), ("Swaziland", "sz"), ("Zaire", "cd"), ("Kampuchea", "kh"), ("Holland", "nl"), ("Turkey", "tr"),
        ("Türkiye", "tr"), ("Czechia", "cz"), ("Macedonia", "mk"), ("Soviet Union", "r.ussr"),
        ("Scotland", "gb.scotland"),
        ("Saigon", "vn.ho-chi-minh-city"), ("Peking", "cn.beijing"), ("Bombay", "in.mumbai"), ("Kiev", "ua.kyiv"),
        ("Leningrad", "ru.saint-petersburg"), ("Georgia", "ge"), ("US", "us"), ("us", None), ("who", None),
        ("Kremlin", "ru"), ("Gulf", "r.gulf"), ("Putin", None), ("arms", None), ("", None), ("-", None),
    ],
)  # fmt: skip
def test_what_an_author_means(words: str, expected: str | None) -> None:
    """A rule's words are looked up in any language and case, but for words that are others in small letters."""
    place = GAZETTEER.lookup(words)
    assert (place and place.id) == expected


def test_what_lies_in_what() -> None:
    """Members reach down to cities, wider places up to blocs; a historic state is no part of its successor."""
    asia = GAZETTEER.members("r.asia")
    assert {"r.asia", "r.asean", "vn", "vn.hanoi", "r.south-china-sea", "in.kerala"} <= asia
    assert not {"ru", "eg", "au"} & asia
    assert {"vn", "r.southeast-asia", "r.asean", "r.asia"} <= set(GAZETTEER.place("vn.hanoi").within)
    assert "ru" not in GAZETTEER.place("r.ussr").within
    assert GAZETTEER.successor("r.ussr") == "ru"
    assert GAZETTEER.successor("ru") is None
    assert GAZETTEER.members("nowhere") == frozenset()
    assert GAZETTEER.place("nowhere") is None


@pytest.mark.parametrize(
    ("region", "count"),
    [
        ("eu", 27),
        ("euro-zone", 21),
        ("nato", 32),
        ("asean", 11),
        ("brics", 10),
        ("g7", 7),
        ("gcc", 6),
        ("schengen", 29),
    ],
)
def test_members_of_blocs(region: str, count: int) -> None:
    """The blocs have as many member states as in 2026."""
    members = [p for p in GAZETTEER.members(f"r.{region}") if GAZETTEER.kind(p) == "country"]
    assert len(members) == count, sorted(members)


def test_names_for_showing() -> None:
    """An expansion shows the common name first, and every name that is matched but for events."""
    names = GAZETTEER.names("vn", "en")
    assert names[0] == "Vietnam"
    assert {"Viet Nam", "Vietnamese"} <= set(names)
    assert "Vietnam War" not in GAZETTEER.names("vn")
    assert "Вьетнам" in GAZETTEER.names("vn", "ru")
    assert GAZETTEER.names("nowhere") == ()
