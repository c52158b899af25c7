"""Wi-Fi devices behind a broker: thermostats, air-conditioner controllers, plugs, scripts (docs/mqtt.md).

Owns the MQTT contract: `native` is ours, `tasmota` and `esphome` are what such firmware says by itself;
each reads payloads into `said` and words orders. `DeviceLink` is the devices of one source: what they say
is on disk before the broker is told, and it carries commands to them. The connection itself is
`links.mqtt`'s, when a command is sent is `control`'s.
"""
