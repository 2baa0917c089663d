"""``monitor demo``: the service at work, for somebody who has just come by. It needs no set-up and no Internet.

Two outlets publish the project's own articles on loopback; the real service polls, matches and delivers; a
receiver checks each signature. Everything that happens is read back from the store, so the demo shows what
the service did and ends with exit code 1 where that is not what it should have done.

stage.py     a data dir, rules and settings of its own
outside.py   what lies outside the service: the outlets' feeds and the receiver of webhooks
script.py    which story is published when, and what must come of it
play.py      publishes, waits, compares
show.py      how it looks on a terminal
digest.py    the mail at the end
running.py   from start to end, or to Ctrl-C
"""
