"""The embedded store: LMDB is the engine, one thread writes, any thread and process may read.

`open_store` gives the three ports over one data folder. Below it, `environment` opens files and lends
read transactions, `commit` is the only writer, `directory`, `raw` and `series` are the adapters.
`check`, `backup` and `folders` look after the files. docs/store-format.md describes every byte.
"""

from ownclimate.store.lmdb.store import LMDBStore, open_store

__all__ = ["LMDBStore", "open_store"]
