"""SmartBuildings' HTTP API as we serve it: the table under `/api/v1`.

`dialect` makes the table, `faults` words what goes wrong, `thermostats` holds the handlers.
"""
