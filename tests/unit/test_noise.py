"""What a page says around its story, and what only looks like it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.text import noise_lines
from monitor.text.noise import noise

STORY = "Vietnam will buy eleven jets, the ministry said."


def left(text: str) -> list[str]:
    """The lines that are left of the text without its noise."""
    kept, before = [], 0
    for start, end in noise(text):
        kept.append(text[before:start])
        before = end
    lines = "".join([*kept, text[before:]]).splitlines()
    return [line.strip() for line in lines if line.strip()]


# ── noise ──

LINES = """
Share this article
Share on Facebook
Share
Copy link
Link kopieren
Copier le lien
Compartir
Auf Facebook teilen
Artikel teilen
Partager cet article
Partager sur Twitter
Skip to main content
Zum Inhalt springen
Aller au contenu principal
Print this page
Seite drucken
Imprimer
Back to top
Oops! Something went wrong. Please try again later.
An error occurred. Please try again later.
Es ist ein Fehler aufgetreten. Bitte versuchen Sie es später erneut.
Une erreur est survenue. Veuillez réessayer plus tard.
Loading…
Loading comments...
Wird geladen …
Chargement…
Please enable JavaScript to view the comments powered by Disqus.
Bitte aktivieren Sie JavaScript, um diese Seite zu sehen.
Veuillez activer JavaScript pour continuer.
Your browser does not support the video tag.
We use cookies to improve your experience. By clicking Accept, you agree to our policy.
We use cookies and similar technologies to show you ads
This website uses cookies to count its readers.
By continuing to use this site you agree to our terms.
Accept all cookies
Reject all
Manage preferences
Wir verwenden Cookies, um unsere Seite zu verbessern.
Alle akzeptieren
Nous utilisons des cookies pour mesurer l’audience.
Tout accepter
Utilizamos cookies para mejorar su experiencia.
Advertisement
ADVERTISEMENT
Story continues below advertisement
Anzeige
Werbung
Publicité
Publicidad
Sign up for our newsletter
Sign up for our free daily newsletter and never miss a story.
Subscribe to continue reading
Already a subscriber? Log in
This article is for subscribers only.
Melden Sie sich jetzt für unseren Newsletter an!
Jetzt abonnieren
Inscrivez-vous à notre newsletter
Abonnez-vous pour lire la suite
Article réservé aux abonnés
Suscríbete a nuestro boletín
Follow us on Twitter
Follow us on Facebook, Twitter and Instagram
Folgen Sie uns auf Facebook
Suivez-nous sur WhatsApp
Click here to read the full interview
Klicken Sie hier, um mehr zu erfahren
Cliquez ici pour lire la suite
Read more:
Read more: Putin says ‘no’ to “peace”
READ MORE: What we know about the visit
Related: Hanoi's arms shopping list
Lesen Sie auch: Putin reist nach Vietnam
Mehr zum Thema
À lire aussi : Poutine au Vietnam
Lire aussi
Lea también: Putin llega a Vietnam
Related articles
Most read
You may also like
Meistgelesen
Das könnte Sie auch interessieren
Les plus lus
More from Reuters
Read the full story
Read the full story at The Hanoi Times
Continue reading…
Continue reading “The Visit” →
Weiterlesen »
Lire la suite
Leer más
Read the rest of this post on News Blog.
Comments are closed.
Leave a comment
12 comments
Kommentare sind geschlossen
Les commentaires sont fermés
Updated 3 hours ago
Published: 20 June 2024, 10:15 GMT
Last updated on June 20, 2024 at 9:05 pm EDT
5 min read
Aktualisiert: 20. Juni 2024, 10:15 Uhr
Lesezeit: 5 Minuten
vor 3 Stunden
Publié le 20 juin 2024 à 10h15
Temps de lecture : 5 min
Il y a 3 heures
Hace 3 horas
Image source, Getty Images
Media caption
Getty Images
Photo by Jane Doe / Getty Images
(Photo: Jane Doe/AFP)
Photograph: Jane Doe/The Guardian
Bildquelle: dpa
Foto: picture alliance / dpa
Crédit photo : Jeanne Dupont
© 2024 Example Media. All rights reserved.
Copyright 2024 The Example Press. All rights reserved.
Alle Rechte vorbehalten.
Tous droits réservés
Download our app
Laden Sie unsere App herunter
Téléchargez notre application
This article was originally published on The Conversation. Read the original article.
Cet article a été publié initialement sur Le Courrier
Published in Dawn, February 17th, 2026
You are receiving this email because you signed up at our site.
View this email in your browser
Unsubscribe
Sie erhalten diesen Newsletter, weil Sie sich angemeldet haben.
Vous recevez ce message car vous êtes abonné.
Article URL: https://news.example/a
Comments URL: https://links.example/item?id=1
submitted by /u/someone [link] [comments]
Sources: Fulcrum, The New York Times, Reuters
Sources: Geopolitical Intelligence Services, Financial Times
Source: Reuters
Source(s): Reuters, AFP
Quelle: dpa
Quellen: dpa, Reuters und AFP
Source : Le Monde
Fuente: EFE
Insights from Financial Times, The New York Times, and Fulcrum
(Reporting by Jane Doe in Hanoi; Editing by John Roe)
""".strip().split("\n")


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_furniture_is_noise(line: str) -> None:
    """Above, below and between paragraphs, in any case, behind a bullet; nothing of the story goes with it."""
    for shown in (line, line.upper(), f"  • {line}  ", f"- {line}", f"> {line}\u00a0", line.replace("’", "'")):
        if shown == line.upper() and ("Source" in line or "Quelle" in line or "by " in line.lower()):
            continue  # in capitals, all words look like names
        assert left(f"{shown}\n\n{STORY}\n{shown}\n\n{STORY}\n{shown}\n") == [STORY, STORY], shown


@pytest.mark.parametrize("line", LINES)
def test_text_that_is_all_noise_is_one_range(line: str) -> None:
    """From its first to its last character, white space included."""
    text = f"\n {line}\n\n— \n{line}. \n"
    assert noise(text) == [(0, len(text))]


@pytest.mark.parametrize(
    "box",
    [
        "  • Oops!\n    Something went wrong.\n    Please try again later.",
        "Sorry\n\nAn error occurred\n\nTry again",
        "Fehler\nEin Fehler ist aufgetreten.\nBitte versuchen Sie es später erneut.",
        "Oups !\nUne erreur est survenue.\nVeuillez réessayer plus tard.",
        "Share this article\nFacebook\nTwitter\nEmail",
        "Facebook\n\nX\n\nCopy link",
        "Article URL: https://a.example/b\nComments URL: https://c.example/d\nPoints: 3\n# Comments: 1",
        "Advertisement\r\nSkip ad\r\n",
    ],
)
def test_a_box_is_one_range(box: str) -> None:
    """Words that page and story share are noise beside what is noise anyway, empty lines between them or not."""
    text = f"{STORY}\n\n{box}\n\n{STORY}"
    assert len(noise(text)) == 1
    assert left(text) == [STORY, STORY]


@pytest.mark.parametrize(
    "tail",
    [
        "Read more",
        "Continue reading…",
        "Click here to subscribe.",
        "Sign up for our newsletter. All rights reserved.",
        "Read the full story",
        "Read the full report at www.news.example.",
        "Weiterlesen",
        "Lire la suite",
        "The post Yes, he came. No, he didn’t stay. appeared first on Hanoi.example.",
        "Der Beitrag Putin in Hanoi erschien zuerst auf Beispiel.",
        "L’article Poutine à Hanoï est apparu en premier sur Exemple.",
        "La entrada Putin en Hanói se publicó primero en Ejemplo.",
        "submitted by /u/someone [link] [comments]",
        "The post Arms appeared first on News.\nShare this article\nFacebook",
    ],
)
@pytest.mark.parametrize("body", [STORY, "Vietnam will buy […]", "Vietnam will buy jets …", "Will Vietnam buy?"])
def test_a_call_to_act_at_the_end_of_a_line_is_noise(body: str, tail: str) -> None:
    """A whole sentence is cut from the end of the story's last paragraph, and no more."""
    assert left(f"{STORY}\n{body} {tail}") == [STORY, body]


def test_a_call_to_act_at_the_start_of_a_line_is_noise() -> None:
    """A whole sentence is cut from the start of a paragraph, and no more."""
    assert left(f"Sign up for our newsletter. Read more. {STORY}") == [STORY]


# ── prose ──

PROSE = """
Police said something went wrong with the signal.
Something went wrong with the signal.
Something went wrong.
Oops!
Please try again later, the clerk told him.
Sources said the minister will resign.
Sources: the minister will resign.
Sources: Trump To Fire Mattis
Sources: Putin Visits Hanoi
Sources: Reuters To Cut 300 Jobs
Sources: Vietnam, Russia sign deal
Sources: “Reuters”, said the note
Source: the ministry of defence
Sources: Reuters reported that Vietnam will buy jets
Quellen: Der Minister tritt zurück
“We use cookies to follow you,” the site told its readers.
“We use cookies to improve your experience.”
We use cookies, said the baker, and butter.
The website uses cookies to track its readers across Europe.
The court found that the notice was short. We use cookies.
Cookies are sold in packs of ten.
Accept all cookies was the button most users chose.
„Wir verwenden Cookies, um Sie zu erkennen.“
Wir verwenden Cookies, sagte der Bäcker.
« Nous utilisons des cookies pour vous suivre. »
He told her: “Click here to win.”
“Click here to win.”
Click here to win, the mail said.
Like us, they want peace.
Join us or lose, the party told its members.
Follow us, he said.
Share prices fell in Hanoi.
Share this with nobody, the general told his staff.
Shares of the maker rose.
Advertisement spending rose by ten percent.
He placed an advertisement.
Subscribe to the theory or not, the facts remain.
Sign up for the army, the poster said.
Most read newspapers in Vietnam are owned by the state.
Related articles of the treaty were struck out.
The post office appeared first on the map.
The post in Hanoi appeared first on Tuesday.
The post was the first to appear.
This story was first published in 1952 and won the prize.
This article was originally published to smear him, the court found.
Copyright law in Vietnam is strict.
Copyright 2024 was a bad year for the courts.
All rights reserved for the state were given up.
Updated rules apply from June.
Updated 3 times, the list names 40 firms.
Published in June, the report names 40 firms.
Loading docks were hit in Haiphong.
Download our app, the ministry told drivers.
Comments are closed to the press, he said.
Comments on the deal were few.
Continue reading was her advice.
Photo finish in Hanoi
Photo: the minister shakes hands with Putin
Image caption, Putin in Hanoi
Getty Images will be sold for 3 billion.
By closing the site the company lost 300 jobs.
To unsubscribe is hard. The law will change that.
This email was sent to all staff on Monday.
The browser does not support the codec, Mozilla said.
Privacy policy changes at Meta anger users
Read more books, the minister urged.
5 min into the match, Vietnam scored.
3 hours ago the minister left.
12 comments were read out in court.
Points: the army wants three things
No
Yes
Got it?
Facebook
Twitter
Facebook said so.
Anzeige gegen den Minister
Werbung für Waffen ist verboten.
Teilen ist schwer.
Weiterlesen will das niemand.
Durch die weitere Nutzung der Kernkraft spart das Land Geld.
Publicité mensongère : le groupe condamné
Partager le pouvoir est difficile.
Source de tensions, le traité divise.
Fuentes del gobierno dijeron que compra armas.
Submitted by the ministry, the report has 40 pages.
Skip to the end, she said.
Print this, he told the editor.
Foto: Der Minister gibt Putin die Hand
""".strip().split("\n")


@pytest.mark.parametrize("line", PROSE)
def test_prose_stays(line: str) -> None:
    """A sentence that says more than furniture says, or that quotes it, is part of the story wherever it stands."""
    for text in (line, f"{STORY}\n\n{line}\n\n{STORY}", f"{STORY} {line} {STORY}", f"• {line}"):
        assert noise(text) == [], text


@pytest.mark.parametrize(
    "text",
    [
        "The bank said in a statement that it will buy 500,000 of its own\nshares, and 300 of another\nadvertisement.",
        "The company that had been founded in Hanoi was sold for 3 bln to the\nGetty Images\ngroup.",
        "The site told its readers that they had to do one thing, which was to\nclick here to vote. They did not.",
        "The ministry said in a statement on Monday that it would, in June,\nread more\nof it.",
        "He gave no reason. The committee then met to go through the report. Read more\nof it, said the chair.",
    ],
)
def test_a_line_broken_at_a_fixed_width_is_prose(text: str) -> None:
    """The rest of a sentence that stands alone on a line is no line of its own."""
    assert noise(text) == []


def test_the_companies_of_a_list_are_prose() -> None:
    """Names of networks are furniture only beside a button, and an outlet's name alone is never."""
    assert noise("The fined firms are:\n• Facebook\n• Twitter\n• Reuters\n" + STORY) == []


def test_the_signature_must_end_the_story() -> None:
    """A sentence about a post that appeared somewhere is prose while the story goes on."""
    assert noise(f"The post Trump shared appeared first on Truth Social.\n{STORY}") == []


# ── any text ──

PIECES = st.sampled_from(
    [*LINES, *PROSE, "Oops!", "Twitter", "\n", "\r\n", "\u2028", " ", "“", ". ", "•", "12", "İ", "ß"]
)


@given(
    st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=5))).map("".join), st.lists(PIECES).map("\n".join))
)
def test_ranges_are_valid(text: str) -> None:
    """For any text: ascending, disjoint, not empty, within the text, and the same every time."""
    found = noise(text)
    ends = [offset for span in found for offset in span]
    assert ends == sorted(set(ends))
    assert all(0 <= offset <= len(text) for offset in ends)
    assert noise(text) == found


@given(st.lists(st.sampled_from(PROSE[-20:]), min_size=1), st.sampled_from(LINES))
def test_noise_takes_no_prose_along(story: list[str], line: str) -> None:
    """Paragraphs of prose come out whole, whatever stands below them."""
    story = [each for each in story if each not in ("Yes", "No", "Got it?", "Facebook", "Twitter")]
    body = "\n\n".join([*story, STORY])
    assert left(f"{body}\n\n{line}") == [*story, STORY]


def test_nothing_is_no_noise() -> None:
    """Text without words has no ranges."""
    assert [noise(text) for text in ("", "\n", " ", "…", "•\n—")] == [[]] * 5


@pytest.mark.parametrize(
    "piece",
    [
        "a\n", "\n", "\r\n", "1\n", " ", ". ", "Read more. ", "Read more\n", "Oops!\n", "Oops! ", "Share\nx\n",
        "The post ", " appeared first on ", "We use cookies. ", "submitted by /u/ [comments]\n", "click here to ",
        "Sources: ", "Sources: A, B, C, Times\n", "“", "©", "© 2024 ", ":", "share this ",
        "sign up for our newsletter x\n", "İ", "\u0301",
    ],
)  # fmt: skip
@pytest.mark.parametrize("start", ["", "The post A ", "Share\n", "Sources: "])
def test_hostile_text_takes_no_quadratic_time(start: str, piece: str) -> None:
    """A hundred thousand characters of one piece are looked through in well under a second of processor time."""
    started = time.process_time()
    noise(start + piece * (100_000 // len(piece)) + "a")
    assert time.process_time() - started < 0.5


def test_shapes_are_written_as_they_are_compared() -> None:
    """A shape with a capital letter, or with an unclosed group, could never be met."""
    shapes = [*noise_lines.EDGE, *noise_lines.LINE, *noise_lines.BESIDE, *noise_lines.TOGETHER]
    assert [shape for shape in shapes if shape != shape.lower()] == []
    assert [
        shape for shape in shapes if shape.count("(") != shape.count(")") or shape.count("[") != shape.count("]")
    ] == []
    assert [shape for shape in shapes if any(mark in shape[:-1] for mark in "*@~")] == []
