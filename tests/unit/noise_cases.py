"""Lines for test_noise.py: what a page says around its story, and prose that only looks like it."""

from __future__ import annotations

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
