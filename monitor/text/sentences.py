"""Where the sentences and paragraphs of a text begin.

A sentence ends at a full stop, a question or exclamation mark or an ellipsis, with the quotes and brackets that close
behind it, before white space; those of scripts that set no space end one at once. It goes on before a small letter,
behind an initial (J.), and behind an abbreviation: a title (Gen.) always, one that takes a number (No.) before a digit,
and one that may stand last (Inc., U.S.) unless a usual first word follows. The end of a paragraph always ends it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple


class Breaks(NamedTuple):
    """Ascending offsets at which sentences and paragraphs begin; both start with 0."""

    sentences: list[int]
    paragraphs: list[int]

    def sentence(self, offset: int) -> int:
        """The number, from 0, of the sentence that holds the offset."""
        return bisect_right(self.sentences, offset) - 1

    def paragraph(self, offset: int) -> int:
        """The number, from 0, of the paragraph that holds the offset."""
        return bisect_right(self.paragraphs, offset) - 1


# Before what follows one of these, a sentence goes on whatever it is: titles, and what only links.
_TITLES = """
adm al asst avv bp bros brig bzw capt cf cmdr col cpl dhr dipl dott dr dra drs e.g eds esq fr gen geb ggf gov govs hon
hr hrsg i.e inkl insp ing lt maj messrs mlle mme mr mrs ms msgr mt p.ex pres prof rep reps rev sen sens sgt sig sog sra
srta st ste supt t.ex u.a v vgl viz vs z.b ул им тов проф
"""
# These go on before a digit.
_NUMBERED = """
abs apr approx apt art aug bd bl ca cap ch circa dec est exp ext feb fig figs jan jul jun mar no nos nov nr núm num oct
okt p par pág pp sep sept sez str tab tel vol vols
"""
# These go on unless a usual first word follows.
_LAST = """
assn ave blvd co corp dept etc ft inc jr ltd llc mio mln mrd mld plc rd sr ud uds univ usw тыс млн млрд руб
"""
_FIRST_WORDS = """
a after all although an and another as at before but by during for from he her his however i if in it its last many
meanwhile more most my new no not on one our she since so some that the their then there these they this those to under
we what when where which while who with you your
der die das ein eine er sie es im in am le la les un une il elle en el los las una dans lo
"""
_MONTHS = """
januar jänner februar märz april mai juni juli august september oktober november dezember
jahrhundert jahrhunderts weltkrieg weltkriegs bundesliga liga fc
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLE, _NUMBER, _MAY_END = _words(_TITLES), _words(_NUMBERED), _words(_LAST)
_FIRST, _AFTER_ORDINAL = _words(_FIRST_WORDS), _words(_MONTHS)

_CLOSING = "\"'“”‘’«»‹›)\\]}」』】）〉》"
_CLOSED = f"(?:[{_CLOSING}]|[ \u00a0\u202f]»(?=\\s|\\Z))*+"  # French sets a space before »
_UNSPACED = "。！？｡।॥۔؟։።"
_MARK = f"[.!?…‥{_UNSPACED}]"
# A class of characters comes first: the engine skips to it much faster than to anything else.
_END = re.compile(f"{_MARK}(?<!{_MARK}{{2}}){_MARK}*+(?P<closed>{_CLOSED})(?P<space>\\s*+)")
_WORD_BEFORE = re.compile(r"[^\s(\[{\"“”„«»'‘’/—–-]+\Z")
_LONGEST = 16
"""Code points of the longest word that is looked up before a mark."""
_NEXT = re.compile(r"[\"'“‘„«‹(\[¿¡\s]*+([^\W_]*+)")
_INITIALS = re.compile(r"[^\W\d_]{1,2}(?:\.[^\W\d_]{1,2})*")
_LINE = r"(?:\r\n?+|[\n\x0b\x0c\x85\u2028\u2029])"
_EMPTY_LINE = re.compile(rf"{_LINE}[^\S\r\n\x0b\x0c\x85\u2028\u2029]*+{_LINE}\s*+")
_LINE_BREAK = re.compile(rf"{_LINE}\s*+")


def breaks(text: str) -> Breaks:
    """The beginnings of the sentences and paragraphs of ``text``, in linear time.

    Paragraphs are parted by empty lines; in a text without one, by each line break.
    """
    parting = _EMPTY_LINE if _EMPTY_LINE.search(text.strip()) else _LINE_BREAK
    inside = range(len(text) - len(text.lstrip()) + 1, len(text))
    paragraphs = [0, *(end for found in parting.finditer(text) if (end := found.end()) in inside)]
    ends = (found.end() for found in _END.finditer(text) if _ends(text, found))
    sentences = sorted({*paragraphs, *(end for end in ends if end in inside)})
    return Breaks(sentences, paragraphs)


def _ends(text: str, found: re.Match[str]) -> bool:
    """Whether a mark ends its sentence."""
    start = found.start()
    mark = text[start : found.start("closed")]
    if mark[-1] in _UNSPACED:
        return True
    following = _NEXT.match(text, found.end())
    after = following[1] if following else ""
    if not found["space"] or after[:1].islower():
        return False
    before = _WORD_BEFORE.search(text, max(start - _LONGEST, 0), start) if mark == "." else None
    return before is None or _ends_behind(before[0], after.lower())


def _ends_behind(before: str, after: str) -> bool:
    """Whether a single full stop between two words ends a sentence."""
    word = before.lower()
    if word.isdecimal():
        return len(word) > 2 or after not in _AFTER_ORDINAL
    if word in _TITLE or (len(word) == 1 and before.isupper()):
        return False
    if word in _NUMBER:
        return not after[:1].isdecimal()
    if word in _MAY_END or ("." in word and _INITIALS.fullmatch(word)):
        return after in _FIRST
    return True
