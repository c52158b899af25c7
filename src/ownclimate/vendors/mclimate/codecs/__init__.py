"""MClimate's LoRaWAN frames: bytes to the vendor's fields, and those to ours; commands to bytes.

Owns the tables of the models, the rules by which a frame is read (`engine`) and written (`downlinks`),
what its fields mean to the core (`mapping`), what the core's orders mean to a device (`orders`), and the
table of models that the doors are handed (`table`). The network server's envelope around a frame belongs
to `ingest`; whether and when a frame goes out belongs to whoever sends it.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.codecs.downlinks import Downlink, encode, encode_all, read_downlink
from ownclimate.vendors.mclimate.codecs.engine import Decoded, FrameWarning
from ownclimate.vendors.mclimate.codecs.listing import CommandHelp, commands_of
from ownclimate.vendors.mclimate.codecs.models import decode, is_experimental, models
from ownclimate.vendors.mclimate.codecs.orders import confirms, frame_for
from ownclimate.vendors.mclimate.codecs.parameters import ParameterHelp
from ownclimate.vendors.mclimate.codecs.table import FrameTable

__all__ = [
    "CommandHelp",
    "Decoded",
    "Downlink",
    "FrameTable",
    "FrameWarning",
    "ParameterHelp",
    "commands_of",
    "confirms",
    "decode",
    "encode",
    "encode_all",
    "frame_for",
    "is_experimental",
    "models",
    "read_downlink",
]
