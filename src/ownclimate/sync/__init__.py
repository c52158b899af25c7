"""Collecting: what a vendor's cloud knows comes here, and stays up to date.

This room owns the engine (what is due, in which order, within which limits, what a failure means) and
what it remembers: cursors, gaps, calls. It knows no vendor. A vendor's room owns its collector, which
makes the calls and records the answers (`collector.Collector`); `links` works an engine like any other
source, under its lease.
"""
