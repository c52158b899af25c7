"""Between the vendor's commands and the core's orders.

`to_core` makes an order of a command and checks its arguments; `from_core` says an order in the vendor's
words again, whoever gave it, for the command log and the list of what is pending; `check_reach` tells
whether a device could follow an order that is to be given later. One module a family of
devices holds its commands. What becomes of an order is not known here.
"""

from __future__ import annotations

from ownclimate.vendors.mclimate.face.orders.families import check_reach, from_core, is_asleep, to_core
from ownclimate.vendors.mclimate.face.orders.order import Order, Said, as_asked

__all__ = ["Order", "Said", "as_asked", "check_reach", "from_core", "is_asleep", "to_core"]
