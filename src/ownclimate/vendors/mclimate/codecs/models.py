"""The models whose frames can be read."""

from __future__ import annotations

from ownclimate.core.errors import Unsupported
from ownclimate.vendors.mclimate.codecs.engine import Decoded, Model, decode_frame
from ownclimate.vendors.mclimate.codecs.vicki import VICKI

MODELS: dict[str, Model] = {model.name: model for model in (VICKI,)}


def models() -> tuple[str, ...]:
    """Models whose frames can be read, by the names that the vendor's cloud gives them."""
    return tuple(MODELS)


def decode(model: str, payload: bytes) -> Decoded:
    """The fields of an uplink. Any bytes will do; raises Unsupported for a model without a table."""
    table = MODELS.get(model)
    if table is None:
        raise Unsupported("codec", f"frames of {model!r} cannot be read; known models: {', '.join(MODELS)}")
    return decode_frame(table, payload)
