"""Words that help to tell page noise from prose, as data. What noise itself says stands in noise_lines.py."""

from __future__ import annotations

# Before a colon and a list of names: the line that says whose reports a story drew on.
SOURCES = ("source", "sources", "quelle", "quellen", "fuente", "fuentes", "fonte", "fonti", "bron", "bronnen")
# A single name of several words looks like a headline ("Sources: Putin Visits Hanoi") unless one of these is in it.
OUTLETS = """
abc afp agency agencies agentur al ansa ap associated associates association authority bank bbc bbg bild bloomberg
bureau cbs center centre chronicle cnbc cnn commission corporation council daily deutsche dpa economist efe epa express
fed fondation foundation ft gazette getty globe guardian herald images insee institut institute intelligence interfax
international journal kyodo le magazine media ministry monde nbc news newspaper npr observer office organisation
organization país post press presse radio record research reuters review ria security service services spiegel standard
statista statistics street studies sun survey tagesspiegel tass telegraph times tribune tv university wall weekly welt
wire xinhua yonhap zeit zeitung
"""
# Words of a headline, which no list of outlets has.
HEADLINE = """
after as at be cut cuts deal for from in is kill kills not on over said sales say says sign signs to was will with
"""

# WordPress signs every item of a feed: how the sentence begins, what stands before the site's name.
SIGNED = (
    ("The post ", " appeared first on "),
    ("The article ", " appeared first on "),
    ("Der Beitrag ", " erschien zuerst auf "),
    ("L’article ", " est apparu en premier sur "),
    ("L'article ", " est apparu en premier sur "),
    ("L’articolo ", " proviene da "),
    ("L'articolo ", " proviene da "),
    ("La entrada ", " se publicó primero en "),
    ("La entrada ", " aparece primero en "),
    ("Het bericht ", " verscheen eerst op "),
    ("O post ", " apareceu primeiro em "),
)

# In what a shape leaves open, these say that somebody is quoted: then it is prose.
SPEECH = """
said says saying told tells warned warns wrote writes asked added argued claimed reads announced according
sagte sagt sagten hieß heißt schrieb schreibt teilte warnte erklärte forderte laut
dit disait affirme affirmé déclaré écrit selon annoncé
dijo dice dijeron afirmó escribió según
"""
# Small words inside names.
LINKS = """
a ag al and at bin by co dans das de del della den der des di die do du e el en et for from für gmbh i il im in la las
le les los o of on or oder reporting par per picture alliance sur the und van via von
with y zu dpa afp epa imago ap ullstein unsplash pixabay
"""
# Words of a date or a time, beside its numbers.
DATES = """
a am an at à ago am by cest cet de der del el et est edt gmt h heures hours il ist juin juli le les local on pm pst pdt
the time um uhr utc updated published bst
jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june july august september october
november december monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun st nd rd th
januar februar märz april mai juni juli august september oktober november dezember montag dienstag mittwoch donnerstag
freitag samstag sonntag jänner
janvier février mars avril mai juin juillet août septembre octobre novembre décembre lundi mardi mercredi jeudi vendredi
samedi dimanche
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre lunes martes miércoles jueves
viernes sábado domingo
"""
