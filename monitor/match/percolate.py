"""The rulebook: all active rules, compiled. Rules come and go one at a time; stories are matched.

Each stemmer that stories need has an *edition*: all rules compiled with it and an index of its own,
made when its first story arrives and kept up with every change after that. Languages without a
stemmer share one, so that a feed that makes up languages costs nothing. Every edition holds every
rule; whether a rule wants stories in this language is looked at when it comes up as a candidate.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.match.document import Document, analyse
from monitor.match.evaluate import Explanation, evaluate, explain, spans
from monitor.match.index import Index, Rarity
from monitor.match.terms import Compiled, compile_query
from monitor.model.hit import Span
from monitor.model.rule import RuleSpec
from monitor.query import Query, parse
from monitor.text.languages import DEFAULT, Stem, primary, stemmer


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
    """The rules as one stemmer reads them."""

    def __init__(self, stem: Stem) -> None:
        self.stem = stem
        self.compiled: dict[str, Compiled] = {}
        self.index = Index()

    def add(self, spec: RuleSpec, query: Query, rarity: Rarity) -> None:
        self.compiled[spec.id] = compile_query(query, self.stem)
        self.index.add(spec.id, self.compiled[spec.id], rarity)

    def remove(self, rule: str) -> None:
        self.compiled.pop(rule, None)
        self.index.remove(rule)


class Rulebook:
    """Active rules, ready to match. Not thread-safe; one process, one rulebook.

    ``no_filter`` evaluates every rule on every story: the twin that the index is tested against.
    """

    def __init__(self, *, no_filter: bool = False) -> None:
        self.no_filter = no_filter
        self.rarity = Rarity()
        self._rules: dict[str, tuple[RuleSpec, Query]] = {}
        self._editions: dict[Stem, _Edition] = {}

    def __len__(self) -> int:
        return len(self._rules)

    def __contains__(self, rule: str) -> bool:
        return rule in self._rules

    def put(self, spec: RuleSpec) -> None:
        """Add or replace a rule. Raises RuleSyntaxError, and then keeps what was there."""
        query = parse(spec.query)
        self._rules[spec.id] = (spec, query)
        for edition in self._editions.values():
            edition.add(spec, query, self.rarity)

    def remove(self, rule: str) -> None:
        """Take a rule out, if it is in."""
        if self._rules.pop(rule, None) is not None:
            for edition in self._editions.values():
                edition.remove(rule)

    def percolate(self, title: str, body: str, language: str | None) -> Percolation:
        """Every rule that matches the story. A rule that fails is reported, never raised."""
        document = analyse(title, body, language)
        edition = self._edition(document.language)
        terms = document.terms()
        candidates = set(edition.compiled) if self.no_filter else edition.index.candidates(terms)
        rules = sorted(rule for rule in candidates if _for_language(self._rules[rule][0], document.language))
        self.rarity.learn(terms)
        matches: list[Match] = []
        failures: list[RuleFailure] = []
        for rule in rules:
            try:
                found = evaluate(edition.compiled[rule], document)
            except Exception as error:  # noqa: BLE001 - one rule's bug must not cost the others their hits; it is reported
                failures.append(RuleFailure(rule, repr(error)))
                continue
            if found is not None:
                matches.append(Match(rule, 1.0, spans(found, document)))
        return Percolation(tuple(matches), tuple(failures), len(rules))

    def unanchored(self) -> set[str]:
        """Rules that are evaluated for every story, because no term is sure to be in what they match."""
        return set(self._edition(DEFAULT).index.unanchored)

    def _edition(self, language: str) -> _Edition:
        stem = stemmer(language)
        edition = self._editions.get(stem)
        if edition is None:
            edition = self._editions[stem] = _Edition(stem)
            for spec, query in self._rules.values():
                edition.add(spec, query, self.rarity)
        return edition


def _for_language(spec: RuleSpec, language: str) -> bool:
    return not spec.languages or language in {primary(tag) for tag in spec.languages}


def explain_rule(spec: RuleSpec, title: str, body: str, language: str | None) -> Explanation:
    """Why ``spec`` matches the story or not, part by part. Raises RuleSyntaxError."""
    document: Document = analyse(title, body, language)
    explanation = explain(compile_query(parse(spec.query), stemmer(document.language)), document)
    if _for_language(spec, document.language):
        return explanation
    wanted = ", ".join(sorted({primary(tag) for tag in spec.languages}))
    detail = f"the rule is for stories in {wanted}, this one is in {document.language}"
    return Explanation(explanation.query, "language", False, detail, (), (explanation,))
