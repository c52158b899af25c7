"""What belongs to no vendor: the API documents, operations rows, and faults outside every face."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ownclimate.core.errors import NotFound
from ownclimate.web.call import Call, Reply
from ownclimate.web.faults import Fault, detail_of, status_of
from ownclimate.web.openapi import document_of
from ownclimate.web.tables import Dialect, Endpoint, FaultContext, Success

NAME = "operations"


class PlainFault(msgspec.Struct, kw_only=True):
    """The body of a fault outside every face."""

    error: str
    request_id: str


class DialectName(msgspec.Struct, kw_only=True):
    dialect: str


def operations_dialect(dialects: Sequence[Dialect], operations: Sequence[Endpoint]) -> Dialect:
    """The dialect of everything that is nobody's: it has the prefix of every path."""
    by_name = {dialect.name: dialect for dialect in dialects}
    written: dict[str, bytes] = {}

    async def get_document(call: Call, params: DialectName) -> bytes:
        if params.dialect not in by_name:
            raise NotFound("document", params.dialect)
        if params.dialect not in written:
            written[params.dialect] = msgspec.json.encode(document_of(by_name[params.dialect]))
        return written[params.dialect]

    documents = (
        Endpoint(
            operation_id="getDocument",
            path="/docs/{dialect}/openapi.json",
            handler=get_document,
            is_public=True,
            params=DialectName,
            successes=(Success(item=dict),),
            errors=(404,),
            is_conditional=True,
            summary="The OpenAPI document of one dialect",
        ),
    )
    return Dialect(
        name=NAME,
        title="ownclimate operations",
        version="1",
        prefixes=("",),
        endpoints=(*documents, *operations),
        fault=_plain_fault,
        fault_shape=PlainFault,
    )


def _plain_fault(fault: Fault, context: FaultContext) -> Reply:
    body = PlainFault(error=detail_of(fault), request_id=context.request_id)
    return Reply(status=status_of(fault), body=msgspec.json.encode(body))
