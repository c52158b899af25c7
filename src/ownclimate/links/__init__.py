"""Connections to what stands between this server and devices: MQTT brokers and LoRaWAN network servers.

Owns the sources a person connects (their encrypted credentials, their connections and what these are
doing), the network servers' downlink APIs, and the MQTT contract of Wi-Fi devices. Frames and envelopes
that come in are read by `ingest`, whichever way they came; when a command is handed over, and what
becomes of it, is `control`'s. Knows no vendor: codecs are handed in.
"""
