"""Who may come in: credentials, what they carry, passwords.

Owns personal access tokens and device keys (`keys`) and password hashing (`passwords`). A credential
names the partition it is stored in, so checking one is a single read and revoking it holds from the
next request; nothing is cached. Faces and doors are handed `keys.check` by `app.py`.
"""
