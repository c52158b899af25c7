"""The Netatmo room: everything that knows Netatmo's words.

Owns the vendor's product codes and modes (`vocabulary`), what its JSON says about a thing and how
that becomes ours and back (`fields`, `statements`, `zones`), telling recorded answers apart
(`recognise`), and taking them in (`importer`). `face/` speaks the dialect to apps.

Serves: `import_payload` to the command line, the face's endpoint rows to `app.py`.
The core owns homes, rooms, devices and readings; nothing of this room's words goes there but product
codes as a device's `model`, opaque ids as aliases, and, under `kept`, what we did not understand.
"""
