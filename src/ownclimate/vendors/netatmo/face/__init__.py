"""Netatmo Connect as we serve it: the table under `/api`.

`dialect` makes the table and says how parameters are written here, one module per resource holds its
handlers, `faults` how errors look. Handlers get at homes and devices through `holdings`; what a row has in
common with every other is in `methods`.
"""
