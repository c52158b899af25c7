"""Telling apps what happened: webhooks that they registered, whatever vendor's app they are.

Owns the webhooks (`hooks`), which addresses may be called at all (`addresses`), one delivery (`sending`),
and the courier that turns changes into deliveries, each until it arrived or its webhook is banned
(`courier`). What is said of a change, how a delivery is signed and what an app may be told are handed in
(`voices`): this room knows no vendor, no token and no face.

Serves: registering, listing and dropping to the faces; `Courier` to `app.py`; listing and releasing to the
command line. The core owns changes and their outbox.
"""
