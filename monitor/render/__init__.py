"""What a reader gets to see. Pure: records in, text out.

text.py      times, snippets
webhook.py   bodies of webhooks
mail.py      subject, HTML and text of mails, from templates/mail
outline.py   sections of rules, every story once
marks.py     strangers' text: cleaned, marked, cut, wrapped
"""
