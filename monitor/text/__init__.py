"""Text as data: where the words are, what they are compared by, what two texts have in common.

tokens.py        words with their offsets, folded so that case and accents do not matter
forms.py         what a word is compared by: key, parts of a compound, spelling
languages.py     language codes, normal forms (lemma and stem), detection of a text's language
english.py       irregular forms of English
sentences.py     where sentences and paragraphs begin
scripts.py       classes of characters
places.py        places named in a text, ambiguous ones told apart; place_*.py are its parts
lexicon/         what the words of a plain rule can stand for: concepts, weighted, in nine languages
names.py         people, institutions and companies as other languages and scripts write them
romanise.py      Cyrillic and Greek names in Latin letters
memo.py          what was found out about a word, remembered within bounds
markup.py        HTML to plain text
noise.py         what a page says around its story; noise_*.py are its parts
fingerprints.py  canonical links, digests of normalised text, ids
"""
