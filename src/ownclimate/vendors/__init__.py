"""One room a vendor: its words enter and leave there and nowhere else. Rooms do not import one another."""
