"""MClimate (Melissa): its words, its HAL API as a face, and the frames of its LoRaWAN devices.

`vocabulary`, `wire` and `mapping` are shared by `face/` (the API under `/v1`) and by what reads the
vendor's own cloud. `codecs/` turns frames into the vendor's fields and commands into frames; the doors
that frames come in by belong to `ownclimate.ingest`. `collecting` is the vendor's cloud as a source:
`collector_calls` asks it, `collector_places`, `collector_things` and `collector_routines` write down what
there is, `collector_reading` and `collector_history` what was measured, `collector_activity` what was
ordered; `collector_orders` is what it can be told.
"""
