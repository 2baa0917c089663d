"""The rulebook: all active rules, compiled. Rules come and go one at a time; stories are matched.

Each way of reading words that stories need has an *edition*: all rules compiled with it and an index of its own,
made when its first story arrives and kept up with every change after that. Languages that are read alike share one,
so that a feed that makes up languages costs nothing. Every edition holds every rule; whether a rule wants stories in
this language is looked at when it comes up as a candidate.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.match.document import Content, Document, analyse
from monitor.match.evaluate import evaluate, everywhere, spans
from monitor.match.explain import Explanation, explain
from monitor.match.index import Entry, Index, Rarity
from monitor.match.rule import compile_rule, read_rule
from monitor.match.terms import Reading
from monitor.match.topic import (
    Evidences,
    TopicRule,
    View,
    concept_table,
    explain_topic,
    marked,
    reach,
    topic_of,
)
from monitor.model.hit import Span
from monitor.model.rule import RuleSpec
from monitor.query import Query, ast, parse
from monitor.text.languages import DEFAULT, normal, primary
from monitor.text.lexicon import Lexicon, lexicon

LOOK_AGAIN_AT = (200, 1_000, 5_000)
"""Stories after which enough is known of words to choose anchors anew."""
LOOKED_AT = 50
"""Rules looked at again with each story; a millisecond."""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matched; ``score`` is in (0, 1], 1 for every Boolean rule."""

    rule: str
    score: float
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that could not be evaluated on a story. The others were."""

    rule: str
    error: str


@dataclass(frozen=True, slots=True)
class Percolation:
    """What came of one story: matches by rule id, failures, and how many rules were looked at."""

    matches: tuple[Match, ...]
    failures: tuple[RuleFailure, ...]
    candidates: int


class _Edition:
    """The rules as they are read in one way."""

    def __init__(self, reading: Reading, words: Lexicon) -> None:
        self.reading = reading
        self._lexicon = words
        self.index = Index()

    def add(self, spec: RuleSpec, query: Query, rarity: Rarity) -> None:
        self.index.add(spec.id, compile_rule(spec, query, self.reading, self._lexicon), rarity)

    def look_again(self, rule: str, rarity: Rarity) -> None:
        """Index a rule by the terms that are rare by now; nothing where it is gone."""
        if (entry := self.index.entries.get(rule)) is not None:
            self.index.add(rule, entry.compiled, rarity)

    def terms(self, document: Document, view: View | None) -> set[str]:
        """Everything in a story by which rules are looked up."""
        terms, patterns = document.terms, self.index.patterns
        if patterns:
            terms = terms | {f"*{pattern}" for pattern in patterns.of(document.words)}
        if self.index.places:
            terms = terms | document.places.keys()
        return terms | view.keys if view is not None else terms


class Rulebook:
    """Active rules, ready to match. Not thread-safe; one process, one rulebook.

    ``no_filter`` evaluates every rule on every story: the twin that the index is tested against. ``words``: the
    lexicon by which plain rules are understood; the shipped one where it is left out.
    """

    def __init__(self, *, no_filter: bool = False, words: Lexicon | None = None) -> None:
        self.no_filter = no_filter
        self.rarity = Rarity()
        self._lexicon = words or lexicon()
        self._rules: dict[str, RuleSpec] = {}
        self._editions: dict[Reading, _Edition] = {}
        self._to_look_at: list[str] = []

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, rule: str) -> bool:
        return rule in self._rules

    def put(self, spec: RuleSpec) -> None:
        """Add or replace a rule. Raises RuleSyntaxError, and then keeps what was there."""
        query = read_rule(spec, self._lexicon)
        self._rules[spec.id] = spec
        for edition in self._editions.values():
            edition.add(spec, query, self.rarity)

    def remove(self, rule: str) -> None:
        """Take a rule out, if it is in."""
        if self._rules.pop(rule, None) is not None:
            for edition in self._editions.values():
                edition.index.remove(rule)

    def percolate(self, content: Content) -> Percolation:
        """Every rule that matches the story. A rule that fails is reported, never raised."""
        document = analyse(content)
        edition = self._edition(document.language)
        view = self._view(document) if edition.index.topics else None
        story = Evidences(view) if view is not None else None
        terms = edition.terms(document, view)
        candidates = list(edition.index.entries.values()) if self.no_filter else edition.index.candidates(terms)
        self._learn(terms)
        matches: list[Match] = []
        failures: list[RuleFailure] = []
        for entry in candidates:
            spec = self._rules[entry.rule]
            if spec.languages and not _for_language(spec, document.language):
                continue
            try:
                found = _match(entry, document, story)
                if found is not None:
                    matches.append(found)
            except Exception as error:  # noqa: BLE001 - one rule's bug must not cost the others their hits; it is reported
                failures.append(RuleFailure(entry.rule, repr(error)))
        matches.sort(key=lambda match: match.rule)
        return Percolation(tuple(matches), tuple(failures), len(candidates))

    def _learn(self, terms: set[str]) -> None:
        """Count a story's terms. Rules were indexed by what was known then: now and then all are looked at again."""
        before = self.rarity.documents
        self.rarity.learn(terms)
        if self.rarity.documents != before and self.rarity.documents in LOOK_AGAIN_AT:
            self._to_look_at = list(self._rules)
        for _ in range(min(LOOKED_AT, len(self._to_look_at))):
            rule = self._to_look_at.pop()
            for edition in self._editions.values():
                edition.look_again(rule, self.rarity)

    def unanchored(self) -> set[str]:
        """Rules that are evaluated for every story, because no term is sure to be in what they match."""
        return set(self._edition(DEFAULT).index.unanchored)

    def _edition(self, language: str) -> _Edition:
        reading = Reading.of(language, normal(language))
        edition = self._editions.get(reading)
        if edition is None:
            edition = _Edition(reading, self._lexicon)
            for spec in self._rules.values():
                edition.add(spec, parse(spec.query), self.rarity)
            self._editions[reading] = edition  # when it has all: one that fails must not stay half filled
        return edition

    def _view(self, document: Document) -> View:
        return View(document, concept_table(self._lexicon, document.language), self._lexicon.languages)


def _match(entry: Entry, document: Document, story: Evidences | None) -> Match | None:
    """What one rule makes of a story."""
    if not isinstance(entry.compiled, TopicRule):
        found = evaluate(entry.compiled, document, everywhere(document))
        return None if found is None else Match(entry.rule, 1.0, spans(found, document))
    if story is None or (reached := reach(entry.compiled, story)) is None:
        return None
    score, evidence = reached
    return Match(entry.rule, round(score, 3), spans(marked(evidence), document))


def _for_language(spec: RuleSpec, language: str) -> bool:
    return not spec.languages or language in {primary(tag) for tag in spec.languages}


def explain_rule(spec: RuleSpec, content: Content, words: Lexicon | None = None) -> Explanation:
    """Why ``spec`` matches the story or not, part by part. Raises RuleSyntaxError."""
    words = words or lexicon()
    document, query = analyse(content), read_rule(spec, words)
    reading = Reading.of(document.language, normal(document.language))
    if isinstance(query, ast.Plain):
        view = View(document, concept_table(words, document.language), words.languages)
        explanation = explain_topic(spec, topic_of(spec, query, words), reading, view, words)
    else:
        explanation = explain(query, reading, document, everywhere(document))
    if _for_language(spec, document.language):
        return explanation
    wanted = ", ".join(sorted({primary(tag) for tag in spec.languages}))
    detail = f"the rule is for stories in {wanted}, this one is in {document.language}"
    return Explanation(explanation.query, "language", False, detail, (), (explanation,))
