"""The lexicon: its files are sound, and a rule's words stand for the concepts that a reader means by them."""

from __future__ import annotations

import re
import time
from importlib.resources import files

import pytest

from monitor.text.languages import normal
from monitor.text.lexicon import Concept, Lexicon, Term, lexicon, read_concepts, words_of
from monitor.text.lexicon.load import COMPILED, LANGUAGES, compiled, read_sources
from monitor.text.tokens import fold

LEAST_TRANSLATED = {"de": 450, "fr": 450, "es": 120, "pl": 120, "ru": 120, "ar": 150, "zh": 150, "ja": 150}
"""Concepts that have terms in a language. The later ones have a core: what rules of this house are mostly about."""
STOP_WORDS = {
    "en": "a about above after again against all also am an and any are as at be been before being below between both"
    " but by can come could did do does doing down during each few for from get go had has have having he her here him"
    " his how i if in into is it its just make may me might more most must my new no nor not now of off on once only"
    " or other our out over own same say shall she should so some such take tell than that the their them then there"
    " these they this those through to too try under until up us very was we well were what when where which while who"
    " whom why will with would you your",
    "de": "aber alle als am an auch auf aus bei beim bis da das dass dem den der des dich die dir doch dort du durch"
    " ein eine einem einen einer eines er es für gegen habe haben hat hatte hier ich ihm ihn ihr im in ist ja kann kein"
    " keine man mehr mich mir mit muss nach nein nicht noch nur ob oder ohne schon sehr sein sich sie sind so soll um"
    " und uns unter viele vom von vor war waren was wenn wer werden wie wird wo wurde zu zum zur über",
    "fr": "a au aussi aux avec avoir ce ces cet cette chez comme dans de des dont du elle elles en entre est et eux"
    " faire fait il ils je la le les leur leurs lui ma mais me mes moins mon même ne ni nos notre nous on ont ou où par"
    " pas peu plus pour qui quoi sa sans se ses si son sont sous sur ta te tes toi ton tous tout toute toutes très tu"
    " un une vers vos votre vous y à été être",
    "es": "a al algo ante antes aquí así aún cada casi como con contra cual cuando de del desde donde dos durante"
    " e el él ella ellas ellos en entre era es esa ese eso esta está están este esto estos fue fueron ha había han"
    " hasta hay la las le les lo los más me mi mientras mucho muy ni no nos nosotros nuestro o otra otro para pero"
    " poco por porque pues que qué quien se sea según ser si sí sido sin sino sobre solo son su sus también tan"
    " tanto te tiene tienen todo todos tras tu un una unas uno unos y ya yo",
    "pl": "a albo ale ani aż bardzo bez bo by być był była było były będzie będą chce choć ci co czy czyli dla do"
    " dwa gdy gdzie go i ich ile im inny iż ja jak jako je jednak jego jej jemu jest jeszcze jeśli już każdy kiedy"
    " kto która które który lub ma mają może można my na nad nam nas nawet nich nie niż no o obok od on ona one"
    " oni oraz po pod podczas ponad poza przed przez przy również sam są się tak także tam te tego ten też to tu"
    " tych tylko tym u w we wiele więc wszystko z za zaś ze że",
    "ru": "а без более больше бы был была были было быть в вам вас весь во вот время все всё вы где да даже для до"
    " его ее её если есть еще ещё ж же за здесь и из или им их к как какой когда который кто ли лишь между меня"
    " мне много может мы на над надо нам нас не него нет ни них но ну о об однако он она они оно от очень перед по"
    " под после при про с сам свой себя со так также такой там те тем то того тоже только том ты у уже хотя чего"
    " чем что чтобы эта эти это этот я",
    "ar": "أن إن أو أي أيضا إذا إلى إلا أما أمام أنه أنها بأن بعد بعض بل بين تحت تلك ثم حتى حول حيث حين خلال دون"
    " ذلك سوف ضد ضمن عبر عدم على عليه عليها عن عند عندما غير فإن فقط فوق في فيه فيها قال قالت قبل قد كان كانت كل"
    " كما كيف لا لدى لقد لكن لم لن له لها ليس ليست ما ماذا متى مثل مع من منذ منه منها نحو نحن نعم هؤلاء هذا هذه هل"
    " هم هنا هناك هو هي و وفق وقد يا يكون يمكن يوم",
    "zh": "的 了 在 是 和 与 及 或 有 就 不 也 都 而 被 把 将 从 到 对 向 为 以 于 由 因 但 并 让 给 这 那 其 之"
    " 他 她 它 我 你 们 上 下 中 内 外 前 后 里 个 一 二 三 年 月 日 时 人 大 小 多 少 说 要 会 能 可 去 来 很 更"
    " 最 已 还 又 再 只 才 没 地 得 着 过 等 所 者 我们 他们 这个 一个 没有 可以 已经 因为 所以 如果 但是 以及"
    " 表示 认为 进行 今天",
    "ja": "の は が を に で と も や へ か ら り た て し な い だ る れ さ こ そ あ お よ ね より から まで など"
    " について による によると として では には また する した して される された いる いた ある あった なる"
    " なった こと もの ため とき ところ これ それ この その ここ そこ という ない ます です 年 月 日 時 人 大 小"
    " 中 上 下 前 後 内 者 的 氏 一 二 三 私 彼 今 今日",
}
SINGLE = {"zh", "ja"}
"""Languages without spaces between words, in which a single character is no word by itself."""


def senses(rule: str, language: str = "en") -> dict[str, list[str]]:
    """The ids that each word or expression of a rule stands for, best first."""
    words, form, found, start = rule.split(), normal(language), {}, 0
    ends = dict(lexicon().expressions(words, language, form))
    while start < len(words):
        end = ends.get(start, start + 1)
        others = words[:start] + words[end:]
        concepts = lexicon().senses(words[start:end], language, form, others)
        found[" ".join(words[start:end])] = [concept.id for concept in concepts]
        start = end
    return found


# ── the files ──


def test_every_file_is_read_without_a_problem() -> None:
    """No unknown field, no empty list, no term in two places."""
    assert read_sources()[1] == []


def test_compiled_is_up_to_date() -> None:
    """What is shipped says what the YAML files say; if this fails, run ``python scripts/lexicon.py``."""
    shipped = files("monitor.text.lexicon").joinpath(COMPILED).read_text("utf-8")
    assert shipped == compiled(Lexicon(read_sources()[0]).concepts.values())


def test_lexicon_is_what_was_compiled() -> None:
    """The shipped lexicon has every concept and term of the files, with its weight and place."""
    assert lexicon().concepts == Lexicon(read_sources()[0]).concepts
    assert lexicon() is lexicon()


def test_ids_are_unique_and_translations_have_no_concept_of_their_own() -> None:
    """An id is in one file of a language, and every id is in English."""
    ids: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for concept in read_sources()[0]:
        (language,) = concept.terms
        ids[language].append(concept.id)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in ids["en"])
    assert {language: sorted(set(given)) for language, given in ids.items()} == {
        language: sorted(given) for language, given in ids.items()
    }
    assert all(set(given) <= set(ids["en"]) for given in ids.values())
    assert {language for language in LANGUAGES[1:] if len(ids[language]) < LEAST_TRANSLATED[language]} == set()


def test_every_concept_has_a_meaning_and_a_name_in_each_of_its_languages() -> None:
    """The first term is the name, so it has full weight."""
    for concept in lexicon().concepts.values():
        assert concept.meaning, concept.id
        for language, terms in concept.terms.items():
            assert terms[0].weight == 1.0, (concept.id, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_term_is_a_stop_word(language: str) -> None:
    """Such a term would be in every story: nor is there one that is compared by the form of a stop word."""
    stop_words, form = set(map(fold, STOP_WORDS[language].split())), normal(language)
    terms = {term.text for concept in lexicon().concepts.values() for term in concept.terms.get(language, ())}
    assert {fold(term) for term in terms} & stop_words == set()
    # One with a capital is compared as it stands: Tuer, since the stem of tuer is tu.
    alone = [term for term in terms if len(words_of(term)) == 1 and term == term.lower()]
    forms = stop_words | {form(word) for word in STOP_WORDS[language].split()}
    assert [term for term in alone if form(words_of(term)[0]) in forms] == []
    assert language not in SINGLE or [term for term in terms if len(fold(term)) == 1] == []


def test_loading_is_fast() -> None:
    """Less than a quarter of a second of computing, best of three, so that a busy machine does not decide."""
    taken = []
    for _ in range(3):
        lexicon.cache_clear()
        start = time.process_time()
        lexicon()
        taken.append(time.process_time() - start)
    assert min(taken) < 0.25


# ── what a rule means ──

RULES = """
Vietnam arms procurement: arms, procurement | Putin Asia visit: visit | Macron trip: visit | Xi state visit: visit
peace talks: peace-process | trade talks: trade-deal | G7 summit: summit | climate summit: climate-conference
nuclear accord: agreement | NATO membership: accession | diplomats expelled: expulsion-of-diplomats
ambassador: ambassador | island dispute: territorial-dispute | border dispute: territorial-dispute | army: military
troop withdrawal: troop-withdrawal | naval drill: military-exercise | missile test: missile-test
missile launch: missile-test | uranium enrichment: nuclear-weapons | fighter jet deal: fighter-jet, procurement
defense budget: defence-spending | soldiers deployed: military, deployment | trade war: trade-dispute
steel tariffs: tariffs | export ban: export-ban | chip shortage: semiconductors | sanctions: sanctions
oil embargo: sanctions | frozen assets: asset-freeze | sanctions relief: lift-sanctions | election: election
election results: vote-count | state primary results: primary, vote-count | voter turnout: turnout
vote rigging: electoral-fraud | cabinet reshuffle: reshuffle | no-confidence vote: government-collapse | coup: coup
draft law: legislation | pension reform: welfare | bribery: corruption | impeachment: impeachment
budget deficit: budget | student protest: students, protest | riots: riot | crackdown: crackdown
hunger strike: hunger-strike | factory fire: blaze | hotel fire: blaze | California fire: wildfire
76ers fire coach: dismissal, coach | fire minister: dismissal | forest fire: wildfire | plane crash: plane-crash
bus crash: road-crash | train crash: train-crash | market crash: stock-market | helicopter crash: plane-crash
bridge collapse: collapse-of-structure | gas explosion: explosion | bank collapse: banking-crisis
government collapse: government-collapse | ferry sinking: shipwreck | earthquake: earthquake | quake: earthquake
hurricane: storm | flooding: flood | heat wave: heatwave | mudslide: landslide | death toll: death-toll
drone strike: air-strike | Israel strike: air-strike | rail strike: strike | teachers strike: strike
pilots strike: strike | strike: strike | car bomb: bombing | ceasefire: ceasefire | hostage release: hostage-taking
prisoner swap: prisoner-swap | spy ring: espionage | war crimes: war-crimes | suicide bomber: bombing | rebels: rebels
invasion: invasion | murder charge: murder, indictment | electric charge: electricity | bank robbery: robbery
school shooting: shooting | drug trafficking: drug-trafficking | drug trial: clinical-trial
murder trial: murder, trial | drug approval: drug-approval | prison sentence: sentence | death sentence: death-penalty
prison escape: prison-escape | jailbreak: prison-escape | patent lawsuit: patent-dispute
antitrust fine: antitrust, fine | acquitted: acquittal | extradition: extradition | Apple results: earnings
Google quarterly results: earnings | Toyota recall: product-recall | bank merger: takeover | takeover bid: takeover
job cuts: layoffs | layoffs: layoffs | IPO: initial-public-offering | Chrysler bankruptcy: bankruptcy
bank shares: share-price | shares: share-price | stock market: stock-market | iPhone launch: product-launch
rocket launch: space-launch | satellite launch: space-launch | interest rates: interest-rates | inflation: inflation
oil prices: oil-price | oil spill: oil-spill | blackout: power-cut | nuclear plant: nuclear-power
solar power: renewable-energy | flu outbreak: disease-outbreak, disease-outbreak | vaccination: vaccine
abortion: abortion | global warming: climate-change | smog: pollution | hacking: cyberattack
data breach: data-breach | documents leak: leak | gas leak: industrial-accident | oil leak: oil-spill
moon landing: moon-landing | flight cancellations: flight-disruption | migrants: migration | refugee camp: refugees
deportation: deportation | gay marriage: gay-rights | royal wedding: wedding | actor marries: wedding
singer dies: death | CEO resigns: resignation | minister appointed: appointment | new coach hired: coach, appointment
divorce: divorce | rehab: rehab | Nobel prize: nobel-prize | film release: film-release
phone release: product-launch | prison release: parole | lead role: casting | football match: football
tennis match: match | match: match | NBA draft: sports-draft | army draft: conscription | world record: world-record
cricket bat: batting | bat virus: bats | striker transfer: transfer | prisoner transfer: extradition | doping: doping
knee injury: injury | Olympics: olympics
"""
EXPECTED = [tuple(part.strip().split(": ")) for part in re.split(r"[|\n]", RULES) if part.strip()]

# What words of these rules stand for is not asked here: they say in which sense the others are meant.
TRANSLATED = """
de Putin Besuch: visit | de Waffen Beschaffung: arms, procurement | de Trainer entlassen: coach, dismissal
de Stellen entlassen: jobs, layoffs | de Wahl Ergebnis: election, vote-count | de Siemens Ergebnis: earnings
de Bahn Streik: rail, strike | de Luftangriff: air-strike | de Brand Fabrik: blaze | de Erdbeben: earthquake
de Zinserhöhung: interest-rates | de Übernahme: takeover | de Waffenruhe: ceasefire | de Rückruf Toyota: product-recall
fr visite Poutine: visit | fr achat armes: procurement, arms | fr grève: strike | fr entraîneur limogé: coach, dismissal
fr séisme: earthquake | fr résultats élections: vote-count, election | fr résultats Renault: earnings
fr incendie usine: blaze | fr rachat: takeover | fr taux directeur: interest-rates | fr cessez-le-feu: ceasefire
fr sommet sur le climat: climate-conference | fr licenciements: layoffs | fr démission ministre: resignation, government
"""
ABROAD = [tuple(part.strip().split(": ")) for part in re.split(r"[|\n]", TRANSLATED) if part.strip()]


@pytest.mark.parametrize(("rule", "expected"), EXPECTED)
def test_words_of_a_rule_stand_for(rule: str, expected: str) -> None:
    """The concept that comes first is the one that a reader takes the word for, given the rule's other words."""
    best = [ids[0] for ids in senses(rule).values() if ids]
    wanted = expected.split(", ")
    assert [name for name in best if name in wanted] == wanted, senses(rule)


@pytest.mark.parametrize(("rule", "expected"), ABROAD)
def test_words_of_a_rule_in_another_language_stand_for(rule: str, expected: str) -> None:
    """Translations have the same ids, so the same rule in German or French means the same."""
    language, text = rule.split(" ", 1)
    best = [ids[0] for ids in senses(text, language).values() if ids]
    wanted = expected.split(", ")
    assert [name for name in best if name in wanted] == wanted, senses(text, language)


@pytest.mark.parametrize("rule", ["Putin", "Hanoi", "blue", "sofa"])
def test_a_word_that_is_no_news_stands_for_nothing(rule: str) -> None:
    """Names and plain words have no concept."""
    assert senses(rule) == {rule: []}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("king state visit Japan", [(1, 3)]),
        ("interest rates", [(0, 2)]),
        ("nuclear power plant fire", [(0, 3)]),  # the longest, not "nuclear power"
        ("peace talks trade talks", [(0, 2), (2, 4)]),
        ("visits", []),
        ("", []),
    ],
)
def test_expressions_of_a_rule(rule: str, expected: list[tuple[int, int]]) -> None:
    """The longest expressions of several words, in order, none within another."""
    assert lexicon().expressions(rule.split(), "en", normal("en")) == expected


def test_a_hint_is_no_trigger() -> None:
    """A red carpet hints at a visit, but a rule that says it does not mean one."""
    hints = {term.text for term in lexicon().concepts["visit"].terms["en"] if term.weight < 0.5}
    assert "red carpet" in hints
    assert "visit" not in senses("red carpet").get("red carpet", [])


# ── words of one's own ──


def test_own_terms_join_a_shipped_concept() -> None:
    """Users' terms add to a concept by its id: they take its name away from none, and keep the highest weight."""
    own, problems = read_concepts([{"id": "visit", "same": ["sojourn", "tour"], "hint": ["trip"]}], "en")
    both = Lexicon([*lexicon().concepts.values(), *own])
    weights = {term.text: term.weight for term in both.concepts["visit"].terms["en"]}
    assert problems == []
    assert (weights["sojourn"], weights["tour"], weights["trip"]) == (1.0, 1.0, 1.0)
    assert both.concepts["visit"].terms["en"][0] == Term("visit", 1.0)
    assert both.concepts["visit"].meaning == lexicon().concepts["visit"].meaning
    assert [concept.id for concept in both.senses(["sojourn"], "en", normal("en"))] == ["visit"]
    assert not lexicon().senses(["sojourn"], "en", normal("en"))


def test_a_language_without_terms() -> None:
    """Nothing is found, and nothing fails."""
    assert lexicon().senses(["visit"], "xx", fold) == ()
    assert lexicon().expressions(["state", "visit"], "xx", fold) == []


def test_one_concept_is_read() -> None:
    """Terms are heaviest first, in the order of the file."""
    value = [{"id": "a-b", "means": "m", "with": ["c"], "hint": ["h"], "same": ["s", "two words"], "usual": ["u"]}]
    terms = (Term("s", 1.0), Term("two words", 1.0), Term("u", 0.7), Term("h", 0.4))
    assert read_concepts(value, "en") == ([Concept("a-b", "m", ("c",), {"en": terms})], [])


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"id": "a", "same": ["x"], "sames": ["y"]}, "Unknown field 'sames'"),
        ({"id": "a", "same": []}, "“same” is empty"),
        ({"id": "a", "same": ["x", "X"]}, "“X” is twice in “same”"),
        ({"id": "a", "same": ["x"], "hint": ["x"]}, "“x” is in “same” and in “hint”"),
        ({"id": "a", "same": [False]}, "False in “same” is no text to YAML: put it in quotes"),
        ({"id": "a", "same": [" x"]}, "spaces too many"),
        ({"id": "a", "same": [""]}, "has no words"),
        ({"id": "a", "same": "x"}, "“same” is no list"),
        ({"id": "a", "same": None}, "“same” is no list"),
        ({"id": "a", "with": "x", "same": ["x"]}, "“with” is no list"),
        ({"id": "a", "means": 3, "same": ["x"]}, "Write “means” as text"),
        ({"id": "a"}, "It has no terms"),
        ({"id": "A b", "same": ["x"]}, "Give it an id"),
        ({"same": ["x"]}, "Give it an id"),
        ("a", "It is no mapping"),
    ],
)
def test_a_problem_is_a_sentence_and_hides_no_other_concept(entry: object, problem: str) -> None:
    """The concept with the problem is left out and named; the one after it is read."""
    concepts, problems = read_concepts([entry, {"id": "good", "same": ["g"]}], "en")
    assert [concept.id for concept in concepts] == ["good"]
    assert len(problems) == 1
    assert problem in problems[0]
    assert problems[0].startswith(("Concept a: ", "Concept A b: ", "Concept no. 1: "))
    assert problems[0].endswith(".")


def test_an_id_twice_and_no_list_at_all() -> None:
    """Both are problems; the first of two with an id stays."""
    concepts, problems = read_concepts([{"id": "a", "same": ["x"]}, {"id": "a", "same": ["y"]}], "en")
    assert [concept.terms["en"][0].text for concept in concepts] == ["x"]
    assert "another concept with this id" in problems[0]
    assert read_concepts({"id": "a"}, "en") == ([], ["A lexicon is a list of concepts: begin each with “- id:”."])
