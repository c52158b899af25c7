"""One room per vendor: its words enter and leave here, nowhere else.

In each room `vocabulary` holds the vendor's types, names and units with their sources, `wire` the
shapes as they are on the wire, `mapping` the way between wire and core, and `face/` the vendor's own
API as we serve it, as a table that `ownclimate.web` runs. Vendors do not import one another.
"""
