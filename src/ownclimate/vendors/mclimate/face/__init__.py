"""MClimate's HTTP API as we serve it: the table under `/v1`.

`dialect` makes the table, one module per resource holds its handlers, `hal` what all collections share
(fields, filters, sort, paging, links), `problems` how faults look. The vendor's own rules and our
rulings where it is silent are cited where they are followed.
"""
