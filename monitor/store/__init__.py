"""The only room that speaks to Redis or Valkey.

    client.py      one connection pool, scripts by digest, errors of one kind
    keys.py        every key's name, and which partition a thing lives in
    codec.py       records to bytes and back
    index.py       lists in order of time, with cursors
    lua/*.lua      the atomic steps; each touches the keys of one hash tag only
    feeds.py       feeds: config, state, due times, claim and ingest
    stories.py     stories, and pushing them in
    config.py      rules, subscriptions, API keys: small, read whole, with an epoch
    hits.py        hits and the outbox
    deliveries.py  deliveries: enqueue, claim, record, replay
    digests.py     what waits for digests, and the delivery of a run
    streams.py     consumer groups: read, acknowledge, reclaim, give up
    store.py       all of them over one client

Keys are kept under four families of hash tags, ``{f3}`` (by feed), ``{r3}`` (by rule), ``{s3}`` (by
subscription) and ``{cfg}``, so that a cluster can carry them. A step from one tag to the next is an
idempotent hop: write the target, then acknowledge the source.
"""
