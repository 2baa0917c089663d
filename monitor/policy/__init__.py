"""Decisions as pure functions: facts and ``now`` in, a frozen decision with its reason out.

freshness.py  which items of a polled feed are new, changed or known
polling.py    how a poll leaves the feed's health, and when to come back
alerting.py   whether a hit may alert, and what a subscription does with it
digest.py     when digests go out
retry.py      what an attempt's outcome means for the delivery and its receiver
"""
