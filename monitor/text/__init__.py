"""Text as data: where the words are, what their stem is, what two texts have in common.

tokens.py        words with their offsets, folded so that case and accents do not matter
languages.py     language codes and stemmers
markup.py        HTML to plain text
fingerprints.py  canonical links, digests of normalised text, ids
"""
