"""The hours in which the law lets automatic calls be placed, where whoever is called lives.

Rules are data: a jurisdiction, the dates between which it is in force, its hours, and its source.
They are those for sales calls, the strictest there are; whether they apply to a campaign is for its
owner to know, who can turn them off for the account. They are no legal advice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from ringcast.domain.area_codes import CANADIAN_AREAS, STATE_OF_AREA
from ringcast.domain.calling_windows import at_wall_clock, zone_named
from ringcast.domain.numbers import Destination, PhoneNumber

__all__ = ["RULES", "DayHours", "IsHoliday", "Law", "LegalHours", "LegalRule", "jurisdictions_of"]

_DAY: Final = timedelta(days=1)
_LONGEST: Final = 14
"""Days that are looked at for the next opening: weekends and holidays follow each other."""
_ROUNDS: Final = 60
_FALLBACK_ZONES: Final = ("America/New_York", "America/Los_Angeles")
"""For numbers of nobody knows where: when it is open in both it is open in between."""
_TOLL_FREE: Final = frozenset({"800", "833", "844", "855", "866", "877", "888"})

IsHoliday = Callable[[str, date], bool]
"""Whether a day is a public holiday of a jurisdiction, as "US-AL"."""


class LegalHours(StrEnum):
    """Which calls of an account keep to the hours of the law."""

    CAMPAIGNS = "campaigns"
    ALL = "all"
    """Single calls too: outside the hours they wait."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class DayHours:
    """From `begin` up to `end` o'clock."""

    begin: time
    end: time


def _hours(begin: int, end: int, *, half_past: bool = False) -> DayHours:
    return DayHours(time(begin), time(end, 30 if half_past else 0))


@dataclass(frozen=True, kw_only=True, slots=True)
class LegalRule:
    """The hours of one jurisdiction; None: not on such days."""

    jurisdiction: str
    """ISO 3166-1 or -2."""
    weekdays: DayHours
    saturday: DayHours | None
    sunday: DayHours | None
    on_holidays: bool = True
    """Whether calls are placed on public holidays."""
    since: date
    until: date | None = None
    """The first day on which it is not in force any more."""
    source: str

    def hours_on(self, day: date, is_holiday: IsHoliday) -> DayHours | None:
        """Return the hours of a day, or None if nobody may be called."""
        if not self.on_holidays and is_holiday(self.jurisdiction, day):
            return None
        return (*[self.weekdays] * 5, self.saturday, self.sunday)[day.weekday()]

    def is_in_force(self, day: date) -> bool:
        """Whether the rule counts on that day."""
        return self.since <= day and (self.until is None or day < self.until)


def _daily(jurisdiction: str, begin: int, end: int, since: date, source: str) -> LegalRule:
    hours = _hours(begin, end)
    return LegalRule(
        jurisdiction=jurisdiction,
        weekdays=hours,
        saturday=hours,
        sunday=hours,
        since=since,
        source=source,
    )


def _six_days(
    jurisdiction: str, begin: int, end: int, since: date, source: str, *, on_holidays: bool = False
) -> LegalRule:
    hours = _hours(begin, end)
    return LegalRule(
        jurisdiction=jurisdiction,
        weekdays=hours,
        saturday=hours,
        sunday=None,
        on_holidays=on_holidays,
        since=since,
        source=source,
    )


_KNOWN: Final = date(2020, 1, 1)
"""In force since then at the latest; when exactly makes no difference to a call of today."""

RULES: Final[Sequence[LegalRule]] = (
    _daily("US", 8, 21, date(1992, 12, 20), "47 CFR 64.1200(c)(1); 16 CFR 310.4(c)"),
    _six_days("US-AL", 8, 20, _KNOWN, "Ala. Code 8-19A; Ala. PSC telephone rule T-5.1"),
    _daily("US-CT", 9, 21, _KNOWN, "Conn. Gen. Stat. 42-288a, before Public Act 23-98"),
    _daily("US-CT", 9, 20, date(2023, 10, 1), "Conn. Gen. Stat. 42-288a; Public Act 23-98"),
    _daily("US-FL", 8, 20, date(2021, 7, 1), "Fla. Stat. 501.616(6)(a); SB 1120 (2021)"),
    _daily("US-KY", 10, 21, _KNOWN, "Ky. Rev. Stat. 367.46955"),
    _six_days("US-LA", 8, 20, _KNOWN, "La. R.S. 45:844.11 ff.; La. PSC General Order R-26417"),
    _daily("US-MA", 8, 20, _KNOWN, "Mass. Gen. Laws ch. 159C s. 3; 201 CMR 12.02"),
    _daily("US-MD", 8, 20, date(2024, 1, 1), "Md. Code Com. Law 14-4502 ff.; SB 90 (2023)"),
    _daily("US-MI", 9, 21, _KNOWN, "Mich. Comp. Laws 445.111a ff."),
    _daily("US-MN", 9, 21, _KNOWN, "Minn. Stat. 325E.30"),
    _six_days("US-MS", 8, 20, _KNOWN, "Miss. Code 77-3-723", on_holidays=True),
    _daily("US-NM", 9, 21, _KNOWN, "N.M. Stat. 57-12-22"),
    _daily("US-NV", 9, 20, _KNOWN, "Nev. Rev. Stat. 598.0918"),
    _daily("US-OK", 8, 20, date(2022, 11, 1), "Okla. Stat. tit. 15 s. 775C.4"),
    LegalRule(
        jurisdiction="US-PA",
        weekdays=_hours(8, 21),
        saturday=_hours(8, 21),
        sunday=_hours(8, 21),
        on_holidays=False,
        since=_KNOWN,
        source="73 Pa. Stat. 2245.1; Act 80 of 2019",
    ),
    LegalRule(
        jurisdiction="US-RI",
        weekdays=_hours(9, 18),
        saturday=_hours(10, 17),
        sunday=None,
        on_holidays=False,
        since=_KNOWN,
        source="R.I. Gen. Laws 5-61-3.6",
    ),
    LegalRule(
        jurisdiction="US-TX",
        weekdays=_hours(9, 21),
        saturday=_hours(9, 21),
        sunday=_hours(12, 21),
        since=_KNOWN,
        source="Tex. Bus. & Com. Code 301.051",
    ),
    _six_days("US-UT", 8, 21, _KNOWN, "Utah Code 13-25a-103"),
    _daily("US-WA", 8, 20, date(2022, 6, 9), "Wash. Rev. Code 80.36.390; HB 1497 (2022)"),
    LegalRule(
        jurisdiction="CA",
        weekdays=_hours(9, 21, half_past=True),
        saturday=_hours(10, 18),
        sunday=_hours(10, 18),
        since=date(2008, 9, 30),
        source="CRTC Unsolicited Telecommunications Rules, part III s. 23",
    ),
)


def jurisdictions_of(to: Destination) -> tuple[str, ...]:
    """Return where a number is, as far as rules are known: ("US", "US-FL").

    Numbers of the exchange 555 are nobody's, but for directory assistance: no law protects them.
    """
    if not isinstance(to, PhoneNumber) or not to.digits.startswith("1"):
        return ()
    area, exchange, line = to.digits[1:4], to.digits[4:7], to.digits[7:]
    if exchange == "555" and line != "1212":
        return ()
    if area in CANADIAN_AREAS:
        return ("CA",)
    if area in STATE_OF_AREA:
        return ("US", f"US-{STATE_OF_AREA[area]}")
    return ("US",) if area in _TOLL_FREE else ()


class Law:
    """All rules, and the days that are holidays."""

    def __init__(self, *, is_holiday: IsHoliday, rules: Sequence[LegalRule] = RULES) -> None:
        self._is_holiday = is_holiday
        self._of: dict[str, list[LegalRule]] = {}
        for rule in rules:
            self._of.setdefault(rule.jurisdiction, []).append(rule)

    def opens_at(
        self, jurisdictions: Iterable[str], zones: Iterable[str], now: datetime
    ) -> datetime:
        """Return the first moment from `now` on at which a number there may be called.

        It must be open by the clocks of all zones it may be in, and by the rules of all its
        jurisdictions. Without zones it must be so on both coasts of the United States.
        """
        rules = [name for name in jurisdictions if name in self._of]
        clocks = sorted(zones) or _FALLBACK_ZONES
        at = now
        for _ in range(_ROUNDS):
            later = max(
                (self._open_from(rule, zone, at) for rule in rules for zone in clocks), default=at
            )
            if later == at:
                return at
            at = later
        return at  # never open in all of them: looked at again then

    def _open_from(self, jurisdiction: str, zone_name: str, at: datetime) -> datetime:
        zone = zone_named(zone_name)
        today = at.astimezone(zone).date()
        for offset in range(_LONGEST):
            day = today + offset * _DAY
            hours = self._hours_on(jurisdiction, day)
            if hours is None:
                continue
            begin = at_wall_clock(day, hours.begin, zone, late=True)
            if at < at_wall_clock(day, hours.end, zone, late=False):
                return max(at, begin)
        return at_wall_clock(today + _LONGEST * _DAY, time(0), zone, late=True)

    def _hours_on(self, jurisdiction: str, day: date) -> DayHours | None:
        """Return the hours of a day: those of the newest rule that is in force."""
        in_force = [rule for rule in self._of[jurisdiction] if rule.is_in_force(day)]
        if not in_force:
            return DayHours(time(0), time.max)
        return max(in_force, key=lambda rule: rule.since).hours_on(day, self._is_holiday)
