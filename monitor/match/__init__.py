"""Prospective search: a story comes in, the rules that match it come out.

As in Lucene's monitor, a story is analysed once (document.py), an index (index.py) names the few
rules that could match it, and only these are evaluated (evaluate.py). The index takes from each
rule one set of terms such that every matching story holds at least one of them: the *anchor*.
Anchors only save work; ``Rulebook(no_filter=True)`` evaluates every rule and must find the same.

    document.py   text -> tokens with offsets, words and stems by position
    terms.py      a query in one language: every word turned into the terms that it is compared by
    evaluate.py   a compiled query on a document -> the positions that matched, or None; and why
    index.py      anchors -> rules
    percolate.py  the rulebook: rules come and go, stories are matched, nothing ever raises
"""
