"""`/v1/brands`: makers of air-conditioners and what their remotes can say (contract §7.3)."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from ownclimate.core.errors import NotFound
from ownclimate.vendors.mclimate import wire
from ownclimate.vendors.mclimate.brands import BRANDS, Brand
from ownclimate.vendors.mclimate.face import hal
from ownclimate.vendors.mclimate.face.resources import Resource
from ownclimate.vendors.mclimate.wire import Link, Links
from ownclimate.web.call import Call
from ownclimate.web.tables import Certainty, Endpoint, Success, Unknown

PATH = "/v1/brands"
BRAND: Resource[wire.Brand] = Resource("brand", wire.Brand, {"id": int, "name": str, "code_sets": None})


class BrandQuery(hal.EntityQuery, kw_only=True):
    brand_id: Annotated[int, Meta(ge=1)]


def rows(totals: hal.Totals) -> tuple[Endpoint, ...]:
    async def list_brands(call: Call, query: hal.CollectionQuery) -> Any:
        return BRAND.listed(call, query, [_shown(brand) for brand in BRANDS.values()], _links, totals)

    return (
        Endpoint(
            operation_id="listBrands",
            path=PATH,
            handler=list_brands,
            params=hal.CollectionQuery,
            unknown=Unknown.COLLECT,
            successes=(Success(item=BRAND.collection),),
            is_conditional=True,
            summary="Makers of air-conditioners, filtered, sorted and in pages",
            examples={"sort": "name"},
            certainty=Certainty.RULED,
        ),
        Endpoint(
            operation_id="getBrand",
            path=f"{PATH}/{{brand_id:digits}}",
            handler=get_brand,
            params=BrandQuery,
            successes=(Success(item=BRAND.entity),),
            errors=(404,),
            is_conditional=True,
            summary="One maker, and which temperatures, modes and fan speeds its remotes have",
            examples={"brand_id": 9},
            certainty=Certainty.RULED,
        ),
    )


async def get_brand(call: Call, query: BrandQuery) -> Any:
    brand = BRANDS.get(query.brand_id)
    if brand is None:
        raise NotFound("brand")
    shown = _shown(brand)
    return BRAND.shown(query, shown, _links(shown))


def _shown(brand: Brand) -> wire.Brand:
    code_sets = [
        wire.CodeSet(
            id=codes.id,
            min_temp=codes.min_temp,
            max_temp=codes.max_temp,
            modes=list(codes.modes),
            fans=list(codes.fans),
        )
        for codes in brand.code_sets
    ]
    return wire.Brand(id=brand.id, name=brand.name, code_sets=code_sets)


def _links(brand: wire.Brand) -> Links:
    return {"self": Link(f"{PATH}/{brand.id}")}
