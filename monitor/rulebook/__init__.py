"""Rules as users write them: YAML files, JSON lines, and the fields that the API shares with both.

schema.py   the fields of a rule, checked by pydantic
yamlmap.py  YAML to plain values, each with its line and column
load.py     files -> rules; every problem of every file, none hides another
check.py    a rule's own tests: stories that it must hit or miss
sync.py     the rules folder -> the store, kept in step while the service runs
"""
