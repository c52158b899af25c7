"""MClimate's LoRaWAN frames: bytes to the vendor's fields, and those to ours.

Owns the tables of the models, the rules by which a frame is read (`engine`), what its fields mean to
the core (`mapping`), and the table of models that the doors are handed (`table`). The network server's
envelope around a frame belongs to `ingest`.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.codecs.engine import Decoded, FrameWarning
from ownclimate.vendors.mclimate.codecs.models import decode, models
from ownclimate.vendors.mclimate.codecs.table import FrameTable

__all__ = ["Decoded", "FrameTable", "FrameWarning", "decode", "models"]
