"""Everything that happens at one site over some weeks: weather, people, rooms."""

from __future__ import annotations

from dataclasses import dataclass

from ownclimate.core.things import SiteKind
from ownclimate.sim.family import family_habits
from ownclimate.sim.heating import ForcedAirPlant, RadiatorPlant
from ownclimate.sim.noise import Noise
from ownclimate.sim.offices import office_habits
from ownclimate.sim.rooms import RoomClimate, room_climate
from ownclimate.sim.standing import Orders, told
from ownclimate.sim.timegrid import STEPS_A_WEEK, LocalTime, Weeks, local_time
from ownclimate.sim.weather import Weather, later, weather
from ownclimate.sim.world import SimSite, World


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteClimate:
    """All arrays begin with the first step of `weeks`."""

    weeks: Weeks
    time: LocalTime
    weather: Weather
    rooms: RoomClimate
    columns: dict[str, int]
    """Room key → its column in `rooms`."""


def site_climate(world: World, site: SimSite, weeks: Weeks, orders: Orders = ()) -> SiteClimate:
    """The same to the bit for a week and orders, whatever weeks it is simulated with."""
    noise = Noise(world.seed)
    warm = weeks.with_warmup()
    time = local_time(warm.grid(), site.time_zone)
    place = site.place
    outside = weather(
        noise, site.key, site.climate, place.latitude or 0.0, place.longitude or 0.0, warm.grid()
    )
    rooms = world.indoor_rooms(site.key)
    given = told(world.devices_at(site.key), rooms, orders, warm.grid())
    if site.kind is SiteKind.BUILDING:
        habits = given.habits(office_habits(noise, rooms, time, site.key))
        plant = ForcedAirPlant(rooms, habits, given)
        inside = room_climate(rooms, outside, habits, plant, is_ventilated=True)
    else:
        habits = given.habits(family_habits(noise, rooms, time, site.key, outside))
        valves = RadiatorPlant(rooms, habits, outside, given)
        inside = room_climate(rooms, outside, habits, valves, is_ventilated=False)
    return SiteClimate(
        weeks=weeks,
        time=LocalTime(day=time.day[STEPS_A_WEEK:], minute=time.minute[STEPS_A_WEEK:]),
        weather=later(outside, STEPS_A_WEEK),
        rooms=inside,
        columns={room.key: index for index, room in enumerate(rooms)},
    )
