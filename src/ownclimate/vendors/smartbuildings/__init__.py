"""ecobee SmartBuildings: its words and its HTTP API as a face.

A building is a site of that kind, a thermostat anything in one with a set-point; a home is not in this
dialect. `vocabulary` and `wire` hold the vendor's words and shapes, `face/` the API under `/api/v1`.
"""
