"""The HTTP API: parse, call, answer. What a request means is decided elsewhere.

app.py       the application: routers, errors, limits, OpenAPI
context.py   what the routers work with
auth.py      bearer keys
limits.py    the size of requests
paths.py     ids in paths, and the methods that a path takes
problems.py  errors as problem+json (RFC 9457)
schemas/     bodies and answers, by resource
feeds.py, rules.py, stories.py, hits.py, subscriptions.py, deliveries.py, operations.py   the routers
"""
