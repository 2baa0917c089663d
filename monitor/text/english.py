"""English forms that no suffix tells: bought, men, crises.

The stemmer sees to all others. A list of our own, since the dictionaries that exist know too much: they make
be of ai, mare of maria and colon of cola. Left out on purpose are forms that are rather a word of their own:
left, fed, wound, ground, bound, lay, bore, drunk, lives, leaves, data, media.
"""

from __future__ import annotations

_VERBS = """
arise arose arisen; awake awoke awoken; be was were been; bear borne; beat beaten; become became; begin began begun;
bend bent; bite bit bitten; bleed bled; blow blew blown; break broke broken; breed bred; bring brought; build built;
burn burnt; buy bought; catch caught; choose chose chosen; cling clung; come came; creep crept; deal dealt; dig dug;
do did done does; draw drew drawn; dream dreamt; drink drank; drive drove driven; dwell dwelt; eat ate eaten;
fall fell fallen; feel felt; fight fought; find found; flee fled; fling flung; fly flew flown;
forbid forbade forbidden; forget forgot forgotten; forgive forgave forgiven; freeze froze frozen; get got gotten;
give gave given; go went gone goes; grow grew grown; hang hung; have had has; hear heard; hide hid hidden; hold held;
keep kept; kneel knelt; know knew known; lay laid; lead led; lean leant; leap leapt; learn learnt; lend lent; lie lain;
light lit; lose lost; make made; mean meant; meet met; pay paid; prove proven; ride rode ridden; ring rang; rise rose
risen; run ran; say said; see saw seen; seek sought; sell sold; send sent; sew sewn; shake shook shaken; shine shone;
shoot shot shots; show shown; shrink shrank shrunk; sing sang sung; sink sank sunk; sit sat; slay slain; sleep slept;
slide slid; sling slung; sow sown; speak spoke spoken; speed sped; spell spelt; spend spent; spill spilt; spin spun;
spit spat; spoil spoilt; spring sprang sprung; stand stood; steal stole stolen; stick stuck; sting stung; stink stank
stunk; strike struck; strive strove striven; swear swore sworn; sweep swept; swell swollen; swim swam swum;
swing swung; take took taken; teach taught; tear tore torn; tell told; think thought thoughts; throw threw thrown;
tread trod trodden; undo undid undone undoes; unwind unwound; wake woke woken; wear wore worn; weave wove woven;
weep wept; win won; wring wrung; write wrote written
"""
_NOUNS = """
alumnus alumni; analysis analyses; appendix appendices; axis axes; bacterium bacteria; bureau bureaux; bus buses;
calf calves; cactus cacti; chateau chateaux; child children; consortium consortia; crisis crises; criterion criteria;
curriculum curricula; diagnosis diagnoses; emphasis emphases; foot feet; formula formulae; fungus fungi; gas gases
gasses; goose geese; half halves; hoof hooves; hypothesis hypotheses; index indices; knife knives; larva larvae;
loaf loaves; man men; matrix matrices; memorandum memoranda; mouse mice; nucleus nuclei; oasis oases; ox oxen;
parenthesis parentheses; phenomenon phenomena; plateau plateaux; referendum referenda; scarf scarves; shelf shelves;
stadium stadia; stimulus stimuli; stratum strata; tableau tableaux; thesis theses; thief thieves; tooth teeth;
vertex vertices; wharf wharves; wife wives; wolf wolves; woman women
"""
_PREFIXES = ("be", "fore", "for", "mis", "out", "over", "re", "under", "up", "with")
_NO_PREFIX = frozenset(("relent", "resent", "upshot"))
_NO_MEN = frozenset(("abdomen", "acumen", "bitumen", "regimen", "semen", "specimen", "stamen", "turkmen", "yemen"))


def _table(text: str) -> dict[str, str]:
    rows = [row.split() for row in text.split(";")]
    return {form: row[0] for row in rows for form in row[1:]}


_PAST = _table(_VERBS)
IRREGULAR = _PAST | _table(_NOUNS)


def lemma(word: str) -> str:
    """The base form of an irregular form in small letters; any other word as it is."""
    found = IRREGULAR.get(word)
    if found is not None:
        return found
    if word.endswith("men") and len(word) > 5 and word not in _NO_MEN:  # gunmen, policewomen
        return word[:-2] + "an"
    for prefix in _PREFIXES:
        base = _PAST.get(word[len(prefix) :]) if word.startswith(prefix) else None
        if base and word not in _NO_PREFIX:  # withdrew, overtaken
            return prefix + base
    return word
