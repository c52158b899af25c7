"""The models whose frames can be read and written."""

from __future__ import annotations

from ownclimate.core.errors import Unsupported
from ownclimate.vendors.mclimate.codecs.air_quality import AQI_SENSOR, MULTISENSOR
from ownclimate.vendors.mclimate.codecs.co2 import CO2_DISPLAY, CO2_DISPLAY_LITE, CO2_SENSOR
from ownclimate.vendors.mclimate.codecs.commands import Product
from ownclimate.vendors.mclimate.codecs.contact import MC_BUTTON, OPEN_CLOSE_SENSOR
from ownclimate.vendors.mclimate.codecs.engine import Decoded, Model, decode_frame
from ownclimate.vendors.mclimate.codecs.experimental import DSK_DEVICE, THERMOSTAT
from ownclimate.vendors.mclimate.codecs.fan_coil import FAN_COIL_THERMOSTAT
from ownclimate.vendors.mclimate.codecs.ht import HT_DISPLAY_LITE, HT_MINI, HT_SENSOR
from ownclimate.vendors.mclimate.codecs.motion import CO2_PIR_LITE, HT_PIR_LITE, MELISSA_LORAWAN, PIR_MINI
from ownclimate.vendors.mclimate.codecs.relays import RELAY_16, RELAY_16_DRY
from ownclimate.vendors.mclimate.codecs.t_flood import T_FLOOD
from ownclimate.vendors.mclimate.codecs.t_valve import T_VALVE
from ownclimate.vendors.mclimate.codecs.vicki import VICKI
from ownclimate.vendors.mclimate.codecs.wireless_thermostat import WIRELESS_THERMOSTAT

PRODUCTS: dict[str, Product] = {
    product.name: product
    for product in (
        VICKI,
        HT_SENSOR,
        HT_MINI,
        HT_DISPLAY_LITE,
        T_FLOOD,
        T_VALVE,
        AQI_SENSOR,
        CO2_SENSOR,
        CO2_DISPLAY,
        CO2_DISPLAY_LITE,
        CO2_PIR_LITE,
        HT_PIR_LITE,
        PIR_MINI,
        MULTISENSOR,
        OPEN_CLOSE_SENSOR,
        MC_BUTTON,
        WIRELESS_THERMOSTAT,
        FAN_COIL_THERMOSTAT,
        RELAY_16,
        RELAY_16_DRY,
        MELISSA_LORAWAN,
        THERMOSTAT,
        DSK_DEVICE,
    )
}
MODELS: dict[str, Model] = {name: product.reading for name, product in PRODUCTS.items()}


def models() -> tuple[str, ...]:
    """Models whose frames can be read, by the names that the vendor's cloud gives them."""
    return tuple(PRODUCTS)


def is_experimental(model: str) -> bool:
    """Whether the model is known from the vendor's package alone, so that nobody could try it.

    Raises Unsupported for a model without a table.
    """
    return product_of(model).is_experimental


def product_of(model: str) -> Product:
    """Raises Unsupported for a model without a table."""
    product = PRODUCTS.get(model)
    if product is None:
        known = ", ".join(PRODUCTS)
        raise Unsupported("codec", f"frames of {model!r:.60} cannot be read; known models: {known}")
    return product


def decode(model: str, payload: bytes) -> Decoded:
    """The fields of an uplink. Any bytes will do; raises Unsupported for a model without a table."""
    return decode_frame(product_of(model).reading, payload)
