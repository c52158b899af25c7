"""Spellings of names: the cloud's `SetTargetTemperature` and its clients' `set_target_temperature`."""

from __future__ import annotations


def snake(name: str) -> str:
    """`SetTargetTemperature` as `set_target_temperature`; capitals in a row are one word: `set_led`."""
    text = ""
    for place, letter in enumerate(name):
        before, after = name[place - 1 : place], name[place + 1 : place + 2]
        starts = letter.isupper() and (before.islower() or before.isdigit() or after.islower())
        text += f"_{letter.lower()}" if text and starts else letter.lower()
    return text


def plain(name: str) -> str:
    """A name without what spellings differ in: `set_target_temperature`, `SetTargetTemperature`."""
    return "".join(letter for letter in name.lower() if letter.isalnum())
