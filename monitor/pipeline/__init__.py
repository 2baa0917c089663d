"""One story's way, a step a file. Each step hands over by an idempotent hop: write, then acknowledge.

    poll.py      due feed -> fetched -> parsed -> what is new -> ingested            {f}
    hosts.py     one poll at a time per host
    match.py     story stream -> rulebook -> hits and outbox                        {f} -> {r}
    fan_out.py   outbox -> the subscriptions that want the hit                      {r} -> {s}
    digest.py    what is pending -> one delivery, when a run is due                  {s}
    deliver.py   due delivery -> sent by its channel -> recorded                     {s}
    notice.py    what a delivery tells
    backfill.py  a rule over stored stories, on request
    view.py      the configuration as every step sees it: rules compiled, subscriptions at hand
    work.py      reading a stream: batches, reclaim, giving up

The steps speak to the world through ports.py only. What they decide stands in policy/.
"""
