"""Text as data: where the words are, what they are compared by, what two texts have in common.

tokens.py        words with their offsets, folded so that case and accents do not matter
forms.py         what a word is compared by: key, parts of a compound, spelling
languages.py     language codes, normal forms (lemma and stem), detection of a text's language
english.py       irregular forms of English
sentences.py     where sentences and paragraphs begin
scripts.py       classes of characters
memo.py          what was found out about a word, remembered within bounds
markup.py        HTML to plain text
fingerprints.py  canonical links, digests of normalised text, ids
"""
