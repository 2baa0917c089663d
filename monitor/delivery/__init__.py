"""Channels: one attempt each, its outcome returned as data. What follows from it is policy.retry's.

channels.py   the sender of a subscription's channel
webhook.py    Standard Webhooks; signature.py signs them
mail.py       a mail: rendered, addressed, handed to SMTP or to the outbox folder
message.py    the MIME message and its headers
smtp.py       one transaction with a mail server, and which of four things it came to
links.py      links in mails that work without a key, signed
"""
