"""Tests, by what they prove.

unit/         one module's facts, without network or store; mirrors monitor/
properties/   what must hold for any input (hypothesis): language, index, policies
contract/     the store against the real bundled Valkey, with 1 and with 4 partitions
corpus/       real documents from outside the project; skipped, visibly, where they are missing
acceptance/   the real service: its process, its server, real HTTP on loopback
harness/      what the others share: servers that play a script, the service as a process
chaos.py      SIGKILLs while stories flow; `make chaos`
"""
