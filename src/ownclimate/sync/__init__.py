"""Collecting: what a vendor's cloud knows comes here, and stays up to date.

This room owns the engine (what is due, in which order, within which limits, what a failure means) and
what it remembers: cursors, gaps, calls, the tokens of an account. It takes commands to a cloud and finds
what came of them, says how far a source is (`status`), keeps who is away to sign in (`sign_in`), and lets a
source go (`leaving`). It knows no vendor. A vendor's room says what its cloud is (`kinds.CloudKind`) and owns
its collector, which makes the calls and records the answers (`collector.Collector`); `links` works an engine
like any other source, under its lease.
"""
