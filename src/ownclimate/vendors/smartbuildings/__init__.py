"""ecobee SmartBuildings: its words and its HTTP API as a face.

A building is a site of that kind, a thermostat anything in one with a set-point; a home is not in this
dialect. `vocabulary` and `wire` hold the vendor's words and shapes, `face/` the API under `/api/v1`.
`collecting` is the vendor's cloud as a source: `collector*` ask it, `mapping`, `sensing` and `weather_said`
say what its answers mean, `hearing` and `intake` write that down, `orders` is what it can be told.
"""
