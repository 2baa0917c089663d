"""The rule language: text -> tokens -> tree, and back.

A query is either *plain words* (``Vietnam arms procurement``) or *Boolean*: one operator, quote, bracket, field,
wildcard or mark makes it Boolean, and from then on every connection must be written out. Each form has exactly
one meaning, so that nobody has to guess a precedence: mixing AND with OR asks for brackets, and two neighbours
without an operator are an error that suggests AND. docs/rules.md is the reference.

    ast.py        the tree, each node with its place in the text
    limits.py     how much a query may ask for
    lexer.py      characters -> tokens.py with offsets; never fails, marks what it can't read
                  operators.py  how operators are written, and what they are taken for elsewhere
                  terms.py      marks on a word: =word, wor*, w?rd
    parse.py      tokens -> tree, collecting every problem on the way
                  cursor.py     where the parser is
                  grammar.py    AND, OR, NOT, brackets, terms
                  proximity.py  NEAR, ONEAR, SAME, NOT NEAR;  rewrite.py: what to write for a wrong operand
                  counting.py   ATLEAST, FIRST, OF, WEIGHT
                  fields.py     title:(...), lang:de
    unparse.py    tree -> the canonical text: parse(unparse(tree)) == tree
    show.py       a problem with carets under its place
"""

from monitor.query.ast import Query
from monitor.query.parse import parse
from monitor.query.unparse import unparse

__all__ = ["Query", "parse", "unparse"]
