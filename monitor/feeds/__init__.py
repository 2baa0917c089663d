"""Feeds on the wire: where they are, how they are fetched, what they say.

address.py    what a user types -> the feed's URL and its credentials
fetch.py      one conditional GET -> NotModified, Fetched or FetchFailed
parse.py      bytes -> ParsedFeed, in a worker process
worker.py     that process: reads documents from a pipe, answers, dies with its parent
parsers.py    the pool of workers, each under a deadline
jsonfeed.py   JSON Feed 1.0 and 1.1
discovery.py  the feeds that an HTML page names
tags.py       attributes of tags in whatever resembles HTML or XML
opml.py       lists of feeds, read however broken, written well-formed
"""
