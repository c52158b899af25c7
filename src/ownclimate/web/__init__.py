"""HTTP plumbing shared by every face: endpoint tables, routing, parameters, faults, documents.

Owns: how a table of endpoints (`tables`) becomes a running ASGI application (`dispatch`) and an OpenAPI
document (`openapi`). A face contributes one `Dialect`: its rows and the few functions that make its
dialect different. Serves the documents under `/docs/` itself; everything else is a face's or is mounted
by `app.py`.

Knows no vendor and no store. What a token may do is answered by a function handed in; what may be
done is the business of `core`; vendors' words stay in their rooms.
"""
