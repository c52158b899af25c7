"""The Netatmo room: everything that knows Netatmo's words.

Owns the vendor's product codes and modes (`vocabulary`), what its JSON says about a thing and how
that becomes ours and back (`fields`, `statements`, `zones`, `restate`; `standing` finds what was changed
here since), telling recorded answers apart (`recognise`), taking them in (`importer`; `accounting` notes
which fields became ours), the pictures that they name (`pictures`), what devices of other makers are here
(`presented`), and how this vendor gives out tokens (`tokens`). `face/` speaks the dialect to apps;
`collecting` and the modules that begin with `collector` are an app of the vendor's cloud themselves.

Serves: `import_payload` to the command line, the face's endpoint rows to `app.py`, the cloud as a source to
`collecting.py`.
The core owns homes, rooms, devices and readings; nothing of this room's words goes there but product
codes as a device's `model`, opaque ids as aliases, and, under `kept`, what we did not understand.
"""
