"""wording.yaml in the rules folder: ways of saying things that hold for every plain rule of an installation.

    procurement: {add: [offset deal], strike: [deal]}

What it says about a part of a rule is written into the rule when that is taken over or stored: so all processes agree,
and a rule's version says all that it does.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from monitor.errors import ConfigurationError, FileProblem
from monitor.match.topic import topic_of
from monitor.model.rule import RuleSpec, Wording
from monitor.query import Query, ast
from monitor.rulebook.schema import WordingFile, wordings
from monitor.rulebook.yamlmap import read_one
from monitor.text.lexicon import lexicon
from monitor.text.tokens import fold

FILE = "wording.yaml"


def read_wording(folder: Path) -> tuple[Wording, ...]:
    """What the folder's file says; nothing where there is none. Raises ConfigurationError."""
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}; check what it is") from error
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        return ()
    try:
        return wordings(WordingFile.model_validate(read_one(text, FILE)).root)
    except ValueError as error:
        if not isinstance(error, ValidationError):
            raise ConfigurationError(f"{path}: {error}") from error
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        hint = "write for example  procurement: {add: [offset deal], strike: [deal]}"
        raise ConfigurationError(f"{path}: {place}: {fault['msg']}; {hint}") from error


def wording_problem(error: ConfigurationError) -> FileProblem:
    """A faulty file as a problem among those of the rule files."""
    return FileProblem(FILE, 1, 1, "wording", str(error), "until it is mended, no rule file is taken over")


def with_wording(spec: RuleSpec, query: Query, folder: Path) -> RuleSpec:
    """The rule with what holds for all rules. Raises ConfigurationError."""
    return worded(spec, query, read_wording(folder))


def worded(spec: RuleSpec, query: Query, common: tuple[Wording, ...]) -> RuleSpec:
    """The rule with what ``common`` says about its parts, beside what it says itself."""
    if not common or not isinstance(query, ast.Plain):
        return spec
    own = {fold(wording.words): wording for wording in spec.wording}
    for unit in topic_of(spec, query, lexicon()).units:
        for wording in common:
            if fold(wording.words) == fold(unit.words):
                own[fold(unit.words)] = _joined(own.get(fold(unit.words), Wording(unit.words)), wording)
    return replace(spec, wording=tuple(own.values()))


def _joined(own: Wording, common: Wording) -> Wording:
    """Both; what the rule itself says wins."""
    mine = set(map(fold, own.add)) | set(map(fold, own.strike))
    add = tuple(term for term in common.add if fold(term) not in mine)
    strike = tuple(term for term in common.strike if fold(term) not in mine)
    return Wording(own.words, (*own.add, *add), (*own.strike, *strike))
