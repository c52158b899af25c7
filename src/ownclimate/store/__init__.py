"""Adapters of the store ports in `core.ports`.

`memory` is the reference that the others must match; `partitioned_memory` behaves like a distributed
store and exists for tests; `lmdb` is the embedded default. `series_format` holds the columnar blocks
that persistent adapters share; docs/store-format.md describes every byte. No HTTP and no vendor here.
"""
