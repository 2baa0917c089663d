"""The HTTP API: parse, call, answer. What a request means is decided elsewhere.

app.py       the application: routers, errors, limits, OpenAPI
context.py   what the routers work with
auth.py      bearer keys
problems.py  errors as problem+json (RFC 9457)
schemas.py   bodies and answers
feeds.py, rules.py, stories.py, hits.py, subscriptions.py, deliveries.py, operations.py   the routers
"""
