"""A simulated world: weather, rooms, heating and the devices that measure them, years in seconds.

Owns: `plan` and `world` (what stands where, drawn from a seed); `weather`, `family`, `offices`,
`rooms` and `heating` (what happens there, vectorised over weeks); `instruments` (what a device makes
of it: resolution, noise, batteries); `simulate` (series of any window, with what gets lost); and two
ways of handing them over: `demo` makes sites, devices and their history through the core's use cases,
`live` posts new readings to the door that real devices use.

Any window of a world is the same to the bit however and wherever it was asked for: randomness is
addressed by position (`noise`), and what has memory restarts from a fixed calendar (`timegrid`).

Standard library, numpy and the core only. Knows no store, no face and no HTTP client: `app.py`
hands in the ports and the function that posts.
"""
