"""Doors for LoRaWAN network servers: one module per server's envelope, one path from there to readings.

Owns the envelopes (`things_stack`) and what becomes of an uplink (`uplinks`): its device, its raw
payload, its readings. What the bytes in it mean is told by a table of codecs that is handed in (`codecs`).
"""
