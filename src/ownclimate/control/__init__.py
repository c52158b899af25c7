"""Work that goes on by itself: commands on their way, timetables, thermostats.

Owns when something is done and what becomes of it; knows no vendor and no wire. `delivery` takes each
accepted command through its life, handing it to a `Carrier`: whoever has a connection to the device
(a broker, a network server, a vendor's cloud; see `links`). What a command is and which states it may
take belongs to `core.commands`. Each job runs under a lease, and doing it twice does no harm.
"""
