"""Keeps the data of climate devices on the owner's machine and speaks the vendors' APIs over it."""

__version__ = "0.1.0"
