"""LoRaWAN network servers as sources: events in over MQTT, downlinks out over their API or MQTT.

Owns each server's topics and its downlink API (`things_stack`, `chirpstack`) and the link that works
either (`link`). What events say is read by `ingest.lorawan`, the same for MQTT as for webhooks; frames
are made by the codecs that are handed in.
"""
