"""`/api/getcamerapicture`: a picture, for whoever has its key (contract §8.4)."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from ownclimate.core.pictures import find_picture, opens, read_picture
from ownclimate.vendors.netatmo.face.faults import Refusal
from ownclimate.vendors.netatmo.face.methods import method
from ownclimate.web.call import Answer, Call
from ownclimate.web.tables import Certainty, Endpoint, Success

CACHE: Final = "private, max-age=31536000, immutable"
"""What lies under an id and key never changes."""
JPEG: Final = "image/jpeg"
"""Without anything behind it: a client compares the whole header."""


class PictureQuery(msgspec.Struct, kw_only=True):
    image_id: Annotated[str, msgspec.Meta(description="As told of a snapshot or face")]
    key: Annotated[str, msgspec.Meta(description="As told beside the id")]


def rows() -> tuple[Endpoint, ...]:
    return (
        method(
            "getcamerapicture",
            get_camera_picture,
            params=PictureQuery,
            successes=(
                Success(
                    item=bytes,
                    content_type=JPEG,
                    is_bare=True,
                    headers=("Cache-Control", "X-Content-Type-Options"),
                    summary="The picture",
                ),
            ),
            is_public=True,
            is_conditional=True,
            owned=("image_id",),
            errors=(404,),
            summary="A picture that a camera took; needs no token but the picture's key",
            examples={"image_id": "5f0000000000000000000f01", "key": "0" * 64},
            certainty=Certainty.DOCUMENTED,
        ),
    )


async def get_camera_picture(call: Call, query: PictureQuery) -> Answer:
    """Raises Refusal for an unknown picture and for a wrong key alike."""
    directory = call.ports.directory
    picture = await find_picture(directory, query.image_id.strip().lower())
    if picture is None or not opens(picture, query.key.strip()):
        raise Refusal("Invalid image_id or key", status=404)
    content = await read_picture(directory, picture)
    if len(content) != picture.size_bytes:
        # It is being removed at this moment.
        raise Refusal("Invalid image_id or key", status=404)
    headers = (("Cache-Control", CACHE), ("X-Content-Type-Options", "nosniff"))
    return Answer(body=content, headers=headers)
