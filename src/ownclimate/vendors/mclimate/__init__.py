"""MClimate (Melissa): its words, its HAL API as a face, and the frames of its LoRaWAN devices.

`vocabulary`, `wire` and `mapping` are shared by `face/` (the API under `/v1`) and by what reads the
vendor's own cloud. `codecs/` turns frames into the vendor's fields and commands into frames; the doors
that frames come in by belong to `ownclimate.ingest`.
"""
