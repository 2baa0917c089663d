"""What the words of a plain rule stand for: concepts of the news, with the ways of saying each.

A word that is no name and no place may stand for a concept: procurement for buying, ordering, a contract, a deal.
The concepts are YAML files, a folder a language and a file a field, written by hand; users may add their own.

concepts.py    Term, Concept, and how a translation or a user's terms join one
senses.py      Lexicon: which concepts words stand for, and which sense is meant in a rule
read.py        plain values -> concepts, with every problem as a sentence
load.py        the shipped lexicon
en/, de/, fr/  the files: terms in three lists, by weight (same 1.0, usual 0.7, hint 0.4)
es/, pl/, …    a core of the concepts that are asked for most
compiled.json  the same, read faster; ``python scripts/lexicon.py`` writes it
"""

from __future__ import annotations

from monitor.text.lexicon.concepts import Concept, Term
from monitor.text.lexicon.load import lexicon
from monitor.text.lexicon.read import read_concepts
from monitor.text.lexicon.senses import Lexicon, words_of

__all__ = ["Concept", "Lexicon", "Term", "lexicon", "read_concepts", "words_of"]
