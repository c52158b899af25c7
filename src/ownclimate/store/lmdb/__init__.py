"""The embedded store: LMDB is the engine, one thread writes, any thread and process may read.

`environment` opens files and lends read transactions, `commit` is the only writer. `directory`, `raw`
and `series` are the ports' adapters over them. `check`, `backup` and `rewrite` look after the files.
"""
