"""Rules as users write them: YAML files, JSON lines, and the fields that the API shares with both.

schema.py   the fields of a rule, checked by pydantic
yamlmap.py  YAML to plain values, each with its line and column
load.py     files -> rules; every problem of every file, none hides another
fixtures.py saved stories: one YAML file each, beside the rule's file
check.py    a rule's tests: stories, written into it or saved beside it, that it must hit or miss
gate.py     a change that makes a test fail does not take effect, unless it is forced
sync.py     the rules folder -> the store, kept in step while the service runs
"""
