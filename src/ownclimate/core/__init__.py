"""The model of homes, buildings and their climate devices, and what can be done with it.

Owns: quantities and units, the things (accounts, owners, sites, rooms, devices), readings and the
order among rival readings, permissions, claims, audit and outbox, the ports through which storage
is reached, and the use cases as plain functions over those ports.

Imports nobody of ours and does no I/O: standard library and numpy only. Time, identifiers and
randomness come in through `ports.Ports`. Stores implement `ports`, faces and doors call the use
cases, `app.py` joins them. No vendor's word is known here.
"""
