"""Who may come in: the authorization server, credentials, passwords, sessions.

What it serves: token, revocation and introspection endpoints and the documents under `/.well-known`
(`endpoints`), each dialect's own token paths, and the check of every credential that faces are sent
(`tokens.check`, `keys`). The consent page is the portal's; it asks `authorize` and is told where the
browser goes.

How it is divided: `dialects` says what may differ between dialects, `token_request` holds the phases
every token request passes, `grants/` has one module for each grant type, `minting` makes tokens and
`tokens` finds, checks and ends them, `clients` and `grants.grant` are the two things behind them, and
`server` is what all of them are handed. `vocabulary`, `errors` and `dialects` are leaves, and all of
this room that a vendor may import: a vendor's own words stay in `vendors/*/tokens.py`.

A credential's text names the partition it is stored in, so checking one is a read or two and revoking
it holds from the next request; nothing is cached. See docs/oauth.md and docs/adr/006.
"""
