"""`/v1/provider`: reading a device now, and commanding it (contract §8, §9).

`fetching` and `sending` hold the handlers, `fields` what is told of each type, `answers` what a command is
answered with. What a command means belongs to `orders`.
"""
