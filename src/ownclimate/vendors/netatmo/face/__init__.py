"""Netatmo Connect as we serve it: the table under `/api`.

`dialect` makes the table and says how parameters are written here, one module per resource holds its
handlers, `faults` how errors look.
"""
