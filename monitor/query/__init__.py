"""The rule language: text -> tokens -> tree, and back.

A query is either *plain words* (``Vietnam arms procurement``) or *Boolean*: one operator, quote,
bracket or field makes it Boolean, and from then on every connection must be written out. Each form
has exactly one meaning, so that nobody has to guess a precedence: mixing AND with OR asks for
brackets, and two neighbours without an operator are an error that suggests AND.

    lexer.py    characters -> tokens with offsets; never fails, marks what it can't read
    ast.py      the tree, each node with its place in the text
    parse.py    tokens -> tree, collecting every problem on the way
    unparse.py  tree -> the canonical text: parse(unparse(tree)) == tree
"""

from monitor.query.ast import Query
from monitor.query.parse import parse
from monitor.query.unparse import unparse

__all__ = ["Query", "parse", "unparse"]
