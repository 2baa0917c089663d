"""Prospective search: a story comes in, the rules that match it come out.

As in Lucene's monitor, a story is analysed once (document.py), an index (index.py) names the few
rules that could match it, and only these are evaluated (evaluate.py). The index takes from each
rule one set of terms such that every matching story holds at least one of them: the *anchor*.
Anchors only save work; ``Rulebook(no_filter=True)`` evaluates every rule and must find the same.

    document.py   text -> words with offsets, and the terms that stand at each position
    terms.py      a query in one language: every word turned into the terms that it is compared by
    evaluate.py   a compiled query on a document -> the stretches that matched, or None
    rows.py       words in a row, compounds included
    wildcard.py   patterns of one word, and which patterns a story's words could be of
    index.py      anchors -> rules
    percolate.py  the rulebook: rules come and go, stories are matched, nothing ever raises
    places.py     how prominent each place is in a story
    explain.py    why a rule matched or not, part by part
    topic/        plain words: what they mean, and how surely a story is about it
    rule.py       a rule as its author wrote it -> compiled
    lint.py       what is legal in a rule and rarely meant
"""
