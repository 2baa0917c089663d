"""Language tags, the normal forms of words, and which language a text is in."""

from __future__ import annotations

import subprocess
import sys

import pytest

from monitor.text import english
from monitor.text.languages import capitalises_nouns, detect, normal, normalize, primary


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", "en"),
        ("EN_us", "en-us"),
        (" pt-BR ", "pt-br"),
        ("zh-Hans-CN", "zh-hans-cn"),
        ("deu", "deu"),
        ("English", None),
        ("e", None),
        ("en-", None),
        ("en us", None),
        ("", None),
        (None, None),
        ("en\n", "en"),
        ("еn", None),  # a Cyrillic е
    ],
)
def test_language_tags(tag: str | None, expected: str | None) -> None:
    """Tags come out in lower case with hyphens; what is no tag is no language."""
    assert normalize(tag) == expected


def test_primary_language() -> None:
    """The primary subtag decides; an unknown language is taken for English."""
    assert [primary(t) for t in ("pt-br", "de", None, "")] == ["pt", "de", "en", "en"]


def test_where_all_nouns_have_capitals() -> None:
    """In German and Luxembourgish a capital does not make a name."""
    assert [code for code in ("de", "lb", "en", "nl", "fr", "xx") if capitalises_nouns(code)] == ["de", "lb"]


# ── normal forms ──

FORMS = {
    "en": [
        "buy buys bought buying", "go goes went gone going", "sell sells sold", "strike strikes struck striking",
        "arm arms armed", "man men", "gunman gunmen", "woman women", "policewoman policewomen", "crisis crises",
        "child children", "see sees saw seen", "withdraw withdrew withdrawn withdraws", "overtake overtook overtaken",
        "win won wins winning", "shoot shot shots shoots", "visit VISITED visits ｖｉｓｉｔｅｄ visi\u00adting",
        "procure procurement procurements", "weapon weapons", "army armies", "tax taxes", "knife knives", "bus buses",
        "build built building buildings", "die died dying", "criterion criteria", "rebuild rebuilt",
        "cease-fire cease-fires ceasefire ceasefires",
    ],
    "de": [
        "Haus Häuser Häusern", "Wahl Wahlen", "kaufen kauft kaufte gekauft", "gehen ging gegangen geht",
        "Land Länder Ländern", "Krise Krisen", "Waffe Waffen", "schießen schoss geschossen", "Mann Männer",
    ],
    "fr": ["élection élections e\u0301lection", "acheter achète acheté", "cheval chevaux", "vendre vend vendu"],
    "es": ["elección elecciones", "decir dijo dice", "luz luces", "vender vende vendió", "juez jueces"],
    "pl": [
        "wybory wyborów wyborach", "czołg czołgi czołgów", "człowiek ludzie", "wizyta wizyty wizytę wizycie",
        "miasto miasta mieście", "wojna wojny wojnie wojną",
    ],
    "ru": ["оружие оружия оружием", "закупка закупки закупок", "человек люди людей", "идти шёл шла"],
    "fi": [
        "ase aseet aseita aseiden", "mies miehet miesten miehiä", "kauppa kaupat kaupan", "sota sodan sotaa sodassa",
        "käsi käden kädet",
    ],
    "nb": ["våpen VÅPEN våpnene", "kjøpe kjøper kjøpte"],
    "hi": ["हथियार हथियारों", "चुनाव चुनावों"],
    "uk": ["місто міста місті", "людина люди"],
}  # fmt: skip


@pytest.mark.parametrize(("language", "row"), [(code, row) for code, rows in FORMS.items() for row in rows])
def test_forms_of_a_word_meet(language: str, row: str) -> None:
    """Inflected forms have one normal form, irregular ones too, however case, accents and width are written."""
    function = normal(language)
    assert len({function(word) for word in row.split()}) == 1


@pytest.mark.parametrize("language", FORMS)
def test_other_words_stay_apart(language: str) -> None:
    """Different words of one language do not fall together."""
    function = normal(language)
    found = [function(row.split()[0]) for row in FORMS[language]]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("left", "leave"),
        ("wound", "wind"),
        ("ground", "grind"),
        ("fed", "feed"),
        ("lives", "life"),
        ("media", "medium"),
        ("news", "new"),
        ("ai", "be"),
        ("us", "we"),
        ("relent", "relend"),
        ("regimen", "regiman"),
        ("yemen", "yeman"),
        ("omen", "oman"),
        ("police", "policy"),
    ],
)
def test_english_words_of_their_own(one: str, other: str) -> None:
    """A form that is rather another word is not taken for one of the verb or noun it might come from."""
    assert normal("en")(one) != normal("en")(other)


@pytest.mark.parametrize("language", ["en", "de", "fr", "xx"])
def test_what_has_one_form_is_only_folded(language: str) -> None:
    """Abbreviations, numbers, names with signs and elisions are compared as they are."""
    function = normal(language)
    for written, form in (
        ("U.S.", "u.s"), ("US", "u.s"), ("AT&T", "at&t"), ("C++", "c++"), ("1,000", "1000"), ("F-16s", "f16"),
        ("she'll", "she'll"), ("3-2", "3-2"), ("\U0001f44d\U0001f3fd", "\U0001f44d"), ("", ""), ("-", ""),
    ):  # fmt: skip
        assert function(written) == form


def test_two_letters_are_no_form_of_a_longer_word() -> None:
    """A foreign abbreviation is not taken for a form of "to have"."""
    assert normal("fr")("ai") == "ai"


def test_an_unknown_language_is_only_folded() -> None:
    """Where there is neither dictionary nor stemmer a word is compared as it is, folded."""
    assert normal("xx")("Élections") == "elections"


def test_languages_that_are_read_alike_share_a_function() -> None:
    """The rulebook keeps one edition a function: Croatian shares Serbian's, and what is only folded shares one."""
    assert normal("hr") is normal("sr") is normal("bs")
    assert normal("no") is normal("nb")
    assert normal("zh") is normal("ja") is normal("xx")
    assert len({normal(code) for code in ("en", "de", "fr", "nn", "nb", "xx")}) == 6


def test_no_english_form_has_two_bases() -> None:
    """The list of irregular forms is consistent: no base is a form of another word."""
    bases = {english.lemma(form) for form in english.IRREGULAR}
    assert all(english.lemma(base) == base for base in bases)


def test_nothing_is_loaded_before_it_is_needed() -> None:
    """Neither dictionaries nor the model of languages slow down the start, nor English stories that say so."""
    program = "import sys; from monitor.text.languages import normal; normal('en')('bought'); normal('de'); "
    program += "print(sorted({'simplemma', 'py3langid', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ── detection ──

SAMPLES = {
    "ar": "الحكومة تقر ميزانية العام المقبل بعد جدل طويل",
    "cs": "Vláda schválila nový rozpočet na příští rok. Policie zadržela dva muže v Brně.",
    "da": "Regeringen vil bruge flere penge på forsvaret. Politiet har anholdt to mænd efter et røveri.",
    "de": "Die Bundesregierung beschließt neue Sanktionen. Der Streik bei der Bahn dauert bis Freitag.",
    "el": "Η κυβέρνηση ενέκρινε τον νέο προϋπολογισμό",
    "en": "The government has approved a new budget. Police arrested two men after a robbery.",
    "es": "El Gobierno aprueba nuevas ayudas para los agricultores. Dos hombres fueron detenidos ayer.",
    "fi": "Hallitus aikoo lisätä puolustusmenoja ensi vuonna. Poliisi otti kiinni kaksi miestä.",
    "fr": "Le gouvernement annonce une nouvelle réforme des retraites. La grève continue dans les transports.",
    "he": "הממשלה אישרה את התקציב לשנה הבאה",
    "hi": "सरकार ने अगले साल का नया बजट मंजूर कर दिया है",
    "hu": "A kormány elfogadta a jövő évi költségvetést. A rendőrség két férfit őrizetbe vett.",
    "it": "Il governo approva la nuova legge di bilancio. Sciopero dei treni in tutta Italia.",
    "ja": "政府は来年度の予算案を承認した",
    "ko": "정부가 내년 예산안을 승인했다",
    "nl": "Het kabinet trekt extra geld uit voor defensie. De politie hield twee mannen aan.",
    "no": "Regjeringen vil bruke mer penger på forsvaret. Politiet har pågrepet to menn etter ranet.",
    "pl": "Rząd przyjął nowy budżet na przyszły rok. Policja zatrzymała dwóch mężczyzn.",
    "pt": "O governo anuncia um novo pacote de ajuda às famílias. A polícia prendeu dois homens.",
    "ru": "Правительство утвердило бюджет на следующий год. Полиция задержала двух человек.",
    "sv": "Regeringen vill satsa mer pengar på försvaret. Polisen grep två män efter rånet.",
    "th": "รัฐบาลอนุมัติงบประมาณปีหน้าแล้ว",
    "tr": "Hükümet gelecek yılın bütçesini açıkladı. Polis iki kişiyi gözaltına aldı.",
    "uk": "Уряд затвердив бюджет на наступний рік. Поліція затримала двох чоловіків.",
    "vi": "Chính phủ thông qua ngân sách năm tới",
    "zh": "政府批准了明年的预算，警方逮捕了两名男子",
}


@pytest.mark.parametrize(("language", "text"), SAMPLES.items())
def test_language_of_a_short_text(language: str, text: str) -> None:
    """A headline and a sentence are enough."""
    assert detect(text) == language


@pytest.mark.parametrize("text", ["", " ", "ok", "42", "12:30 3.5 1,000", "\U0001f600", "...", "\ud800", "Nokia X5"])
def test_no_language_where_there_is_too_little(text: str) -> None:
    """A text that is too short, or no prose, has no language; none is an error."""
    assert detect(text) is None


def test_only_the_beginning_tells_the_language() -> None:
    """A long foreign tail costs no time and does not turn the verdict."""
    assert detect(SAMPLES["en"] * 10 + SAMPLES["ru"] * 1000) == "en"
