"""The doors for device data: readings over HTTP, CSV files, frames from LoRaWAN network servers.

Owns how bytes from a device, a script or a network server become readings, and the answers those
senders get. What a frame means belongs to its maker's room: the table of codecs is handed in by the
composition root. What a reading is, and which of two counts, belongs to `core`.
"""
