#!/usr/bin/env python3
"""Computes cron_cases.tsv: when cron expressions run, by another way than the one under test.

    python3 cron_cases.py > cron_cases.tsv

How the runs are found. Nothing is calculated: a clock is walked minute by minute through real time
and shown in the zone by Python's zoneinfo, as a cron daemon would live it.

  * A schedule with "*" at the start of its minute or hour field runs in every real minute whose
    local date and time match, and in the first minute after a jump forward if one of the local
    minutes that were jumped over matches.
  * Any other schedule follows the daemon's virtual clock, which only goes forward. When the local
    clock stands further than the virtual one, every local minute in between is visited, and if one
    of them matches there is one run, now. When the local clock is behind, nothing is visited. So a
    jump forward catches up what it skipped, and a repeated hour is not run again.

  Days of which neither the day before nor the day after can match are stepped over whole.

Every line of CHECKED below was worked out by hand from the zone's published changes; the script
refuses to print anything when its walk disagrees with one of them. Zones that have daylight saving
are only asked about years before SETTLED, so that an update of the zone files changes no answer.

Columns: expression, zone, from, runs (the next ones, or "never").
"""

import datetime as dt
import sys
from zoneinfo import ZoneInfo

MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
YEARS = 41
SETTLED = 2026
STEADY = ("UTC", "Asia/Shanghai", "Asia/Kolkata", "Asia/Kathmandu")
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
WEEKDAYS = "sun mon tue wed thu fri sat".split()
MACROS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
          "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *",
          "@annually": "0 0 1 1 *"}


def read_field(text, low, high, names=()):
    def value(word):
        return names.index(word) + low if word in names else int(word)

    found = set()
    for item in text.lower().split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            chosen = range(low, high + 1)
        else:
            chosen = range(value(first), value(last or first) + 1)
        found.update(list(chosen)[:: int(step or 1)])
    return found


class Cron:
    def __init__(self, text):
        minute, hour, day, month, weekday = MACROS.get(text.lower(), text).split()
        self.minutes = read_field(minute, 0, 59)
        self.hours = read_field(hour, 0, 23)
        self.days = read_field(day, 1, 31)
        self.months = read_field(month, 1, 12, MONTHS)
        self.weekdays = {d % 7 for d in read_field(weekday, 0, 7, WEEKDAYS)}
        self.wildcard = minute[0] == "*" or hour[0] == "*"
        self.both = day[0] == "*" or weekday[0] == "*"

    def on_date(self, date):
        by_day = date.day in self.days
        by_weekday = date.isoweekday() % 7 in self.weekdays
        wanted = by_day and by_weekday if self.both else by_day or by_weekday
        return date.month in self.months and wanted

    def at(self, local):
        return local.minute in self.minutes and local.hour in self.hours and self.on_date(local)


def shown(zone, instant):
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def quiet_day(cron, instant):
    date = instant.date()
    return not any(cron.on_date(date + n * DAY) for n in range(-2, 4))


def visits(cron, virtual, local):
    """Whether a minute after `virtual` and up to `local` matches."""
    while virtual < local:
        virtual += MINUTE
        if cron.at(virtual):
            return True
    return False


def jumped_over(cron, before, local):
    """Whether a minute matches that lies between two readings of the clock a minute apart."""
    missing = int((local - before) / MINUTE) - 1
    return any(cron.at(before + (n + 1) * MINUTE) for n in range(missing))


def walk(text, zone_name, start, count):
    cron, zone, runs = Cron(text), ZoneInfo(zone_name), []
    # The virtual clock starts a few days before, so that it knows of an overlap under way.
    now = start.replace(second=0, microsecond=0) - 3 * DAY
    virtual = before = shown(zone, now)
    end = start + YEARS * 366 * DAY
    while len(runs) < count and now < end and now.year < 9999:
        if now > start and quiet_day(cron, now):
            now += DAY
            before = shown(zone, now - MINUTE)
            virtual = max(virtual, before)
        local = shown(zone, now)
        if cron.wildcard:
            due = cron.at(local) or jumped_over(cron, before, local)
        else:
            due = visits(cron, virtual, local)
        before, virtual = local, max(virtual, local)
        if due and now > start:
            runs.append(now)
        now += MINUTE
    return runs


def instant(text):
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


def printed(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


# Worked out by hand; the comment says how.
CHECKED = [
    # New York, 2024-03-10: 02:00 EST (07:00Z) becomes 03:00 EDT.
    ("30 2 * * *", "America/New_York", "2024-03-09T12:00:00Z",
     "2024-03-10T07:00:00Z 2024-03-11T06:30:00Z 2024-03-12T06:30:00Z"),
    ("0,20,40 2 * * *", "America/New_York", "2024-03-10T06:59:00Z",
     "2024-03-10T07:00:00Z 2024-03-11T06:00:00Z 2024-03-11T06:20:00Z"),
    ("0,30 2,3 10 3 *", "America/New_York", "2024-03-10T00:00:00Z",
     "2024-03-10T07:00:00Z 2024-03-10T07:30:00Z 2025-03-10T06:00:00Z"),
    ("0 * * * *", "America/New_York", "2024-03-10T05:30:00Z",
     "2024-03-10T06:00:00Z 2024-03-10T07:00:00Z 2024-03-10T08:00:00Z"),
    ("30 * * * *", "America/New_York", "2024-03-10T06:00:00Z",
     "2024-03-10T06:30:00Z 2024-03-10T07:00:00Z 2024-03-10T07:30:00Z 2024-03-10T08:30:00Z"),
    ("*/30 2 * * *", "America/New_York", "2024-03-10T00:00:00Z",
     "2024-03-10T07:00:00Z 2024-03-11T06:00:00Z 2024-03-11T06:30:00Z 2024-03-12T06:00:00Z"),
    # New York, 2025-03-09, the same change: 01:30 is 06:30Z, 03:00 is 07:00Z, 03:30 is 07:30Z.
    ("30 * * * *", "America/New_York", "2025-03-09T06:00:00Z",
     "2025-03-09T06:30:00Z 2025-03-09T07:00:00Z 2025-03-09T07:30:00Z 2025-03-09T08:30:00Z"),
    ("*/30 2 * * *", "America/New_York", "2025-03-08T07:15:00Z",
     "2025-03-08T07:30:00Z 2025-03-09T07:00:00Z 2025-03-10T06:00:00Z 2025-03-10T06:30:00Z"),
    # 03:00 matches and ends the gap: still one run.
    ("*/15 * * * *", "America/New_York", "2025-03-09T06:30:00Z",
     "2025-03-09T06:45:00Z 2025-03-09T07:00:00Z 2025-03-09T07:15:00Z"),
    # The gap has no 02:00 of the 10th and none of a Monday: nothing is moved.
    ("*/30 2 10 3 *", "America/New_York", "2025-03-09T00:00:00Z",
     "2025-03-10T06:00:00Z 2025-03-10T06:30:00Z"),
    ("*/30 2 * * mon", "America/New_York", "2025-03-09T00:00:00Z",
     "2025-03-10T06:00:00Z 2025-03-10T06:30:00Z"),
    # New York, 2024-11-03: 02:00 EDT (06:00Z) becomes 01:00 EST.
    ("30 1 * * *", "America/New_York", "2024-11-02T12:00:00Z",
     "2024-11-03T05:30:00Z 2024-11-04T06:30:00Z 2024-11-05T06:30:00Z"),
    ("30 1 * * *", "America/New_York", "2024-11-03T06:10:00Z",
     "2024-11-04T06:30:00Z 2024-11-05T06:30:00Z 2024-11-06T06:30:00Z"),
    ("0 2 * * *", "America/New_York", "2024-11-03T05:00:00Z",
     "2024-11-03T07:00:00Z 2024-11-04T07:00:00Z 2024-11-05T07:00:00Z"),
    ("*/30 1 * * *", "America/New_York", "2024-11-03T05:00:00Z",
     "2024-11-03T05:30:00Z 2024-11-03T06:00:00Z 2024-11-03T06:30:00Z 2024-11-04T06:00:00Z"),
    ("0 * * * *", "America/New_York", "2024-11-03T04:30:00Z",
     "2024-11-03T05:00:00Z 2024-11-03T06:00:00Z 2024-11-03T07:00:00Z"),
    # Berlin, 2024-03-31 and 2024-10-27, both at 01:00Z.
    ("15 2 * * *", "Europe/Berlin", "2024-03-30T12:00:00Z",
     "2024-03-31T01:00:00Z 2024-04-01T00:15:00Z"),
    ("15 2 * * *", "Europe/Berlin", "2024-10-26T12:00:00Z",
     "2024-10-27T00:15:00Z 2024-10-28T01:15:00Z"),
    # London, 2024-03-31: 01:00 GMT becomes 02:00 BST.
    ("59 1 31 3 *", "Europe/London", "2024-01-01T00:00:00Z",
     "2024-03-31T01:00:00Z 2025-03-31T00:59:00Z"),
    # Lord Howe: half an hour. 2024-10-06 02:00+10:30 (2024-10-05T15:30Z) becomes 02:30+11, and
    # 2024-04-07 02:00+11 (2024-04-06T15:00Z) becomes 01:30+10:30.
    ("10,20 2 * * *", "Australia/Lord_Howe", "2024-10-05T12:00:00Z",
     "2024-10-05T15:30:00Z 2024-10-06T15:10:00Z 2024-10-06T15:20:00Z"),
    ("45 1 * * *", "Australia/Lord_Howe", "2024-04-06T12:00:00Z",
     "2024-04-06T14:45:00Z 2024-04-07T15:15:00Z"),
    ("*/15 1 * * *", "Australia/Lord_Howe", "2024-04-06T14:20:00Z",
     "2024-04-06T14:30:00Z 2024-04-06T14:45:00Z 2024-04-06T15:00:00Z 2024-04-06T15:15:00Z"),
    # 02:00 to 02:29 are missing: 02:10 runs at 02:30, which is 15:30Z; 03:10 is 16:10Z.
    ("10 * * * *", "Australia/Lord_Howe", "2024-10-05T14:00:00Z",
     "2024-10-05T14:40:00Z 2024-10-05T15:30:00Z 2024-10-05T16:10:00Z"),
    # 02:40 isn't missing, it is 15:40Z.
    ("40 * * * *", "Australia/Lord_Howe", "2024-10-05T14:00:00Z",
     "2024-10-05T14:10:00Z 2024-10-05T15:10:00Z 2024-10-05T15:40:00Z 2024-10-05T16:40:00Z"),
    ("@hourly", "Australia/Lord_Howe", "2024-10-05T14:00:00Z",
     "2024-10-05T14:30:00Z 2024-10-05T15:30:00Z 2024-10-05T16:00:00Z"),
    # Sao Paulo, 2017-10-15: there is no midnight, 00:00-03 (03:00Z) becomes 01:00-02.
    ("0 0 * * *", "America/Sao_Paulo", "2017-10-14T12:00:00Z",
     "2017-10-15T03:00:00Z 2017-10-16T02:00:00Z"),
    ("@hourly", "America/Sao_Paulo", "2017-10-15T01:30:00Z",
     "2017-10-15T02:00:00Z 2017-10-15T03:00:00Z 2017-10-15T04:00:00Z"),
    # Sao Paulo, 2018-02-18: 00:00-02 (02:00Z) becomes 23:00-03 of the 17th again.
    ("0 0 * * *", "America/Sao_Paulo", "2018-02-17T12:00:00Z",
     "2018-02-18T03:00:00Z 2018-02-19T03:00:00Z"),
    ("30 23 * * *", "America/Sao_Paulo", "2018-02-17T12:00:00Z",
     "2018-02-18T01:30:00Z 2018-02-19T02:30:00Z"),
    # Apia has no 30 December 2011: 24:00 of the 29th at -10 (2011-12-30T10:00Z) is the 31st at +14.
    ("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z",
     "2011-12-29T22:00:00Z 2011-12-30T10:00:00Z 2011-12-30T22:00:00Z 2011-12-31T22:00:00Z"),
    ("0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z",
     "2011-12-30T10:00:00Z 2012-12-29T22:00:00Z"),
    ("*/10 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z",
     "2011-12-30T10:00:00Z 2012-12-29T22:00:00Z 2012-12-29T22:10:00Z"),
    ("0 */6 * * *", "Pacific/Apia", "2011-12-30T03:00:00Z",
     "2011-12-30T04:00:00Z 2011-12-30T10:00:00Z 2011-12-30T16:00:00Z"),
    # Cairo brought summer time back: 2023-04-28 00:00+02 (22:00Z the day before) becomes 01:00+03.
    ("30 0 * * *", "Africa/Cairo", "2023-04-27T12:00:00Z",
     "2023-04-27T22:00:00Z 2023-04-28T21:30:00Z"),
    # ... and 2023-10-27 00:00+03 (2023-10-26T21:00Z) becomes 23:00+02 of the 26th.
    ("30 23 * * *", "Africa/Cairo", "2023-10-26T00:00:00Z",
     "2023-10-26T20:30:00Z 2023-10-27T21:30:00Z"),
    # No daylight saving at all.
    ("30 8 * * *", "Asia/Shanghai", "2024-05-01T00:30:00Z",
     "2024-05-02T00:30:00Z 2024-05-03T00:30:00Z"),
    ("0 0 * * *", "Asia/Kathmandu", "2024-05-01T00:00:00Z", "2024-05-01T18:15:00Z"),
    ("0 9 * * mon-fri", "Asia/Kolkata", "2024-05-03T12:00:00Z", "2024-05-06T03:30:00Z"),
    # Both day fields: the 13th, and every Friday.
    ("0 0 13 * 5", "UTC", "2024-09-06T00:00:00Z",
     "2024-09-13T00:00:00Z 2024-09-20T00:00:00Z 2024-09-27T00:00:00Z 2024-10-04T00:00:00Z "
     "2024-10-11T00:00:00Z 2024-10-13T00:00:00Z"),
    # A day field that begins with a star narrows: odd days that are Fridays.
    ("0 0 */2 * 5", "UTC", "2024-09-01T00:00:00Z",
     "2024-09-13T00:00:00Z 2024-09-27T00:00:00Z 2024-10-11T00:00:00Z"),
    ("0 0 29 2 *", "UTC", "2097-01-01T00:00:00Z", "2104-02-29T00:00:00Z"),
    ("0 0 29 2 */7", "UTC", "2088-03-01T00:00:00Z", "2128-02-29T00:00:00Z"),
    ("0 0 31 2 *", "UTC", "2024-01-01T00:00:00Z", "never"),
]

ANYWHERE = [
    "* * * * *", "*/5 * * * *", "*/7 * * * *", "5-59/15 * * * *", "10-30/7 * * * *",
    "0,15,30,45 9-17 * * *", "0 */2 * * *", "0 0 * * *", "59 23 * * *", "0 12 1 * *",
    "0 12 31 * *", "0 12 30 * *", "0 0 29 2 *", "0 0 1 jan *", "15 10 * * mon", "15 10 * * 7",
    "15 10 * * 0", "15 10 * * 5-7", "0 22 * * 1-5", "0 8 15 * fri", "0 8 */10 * *",
    "0 8 * * */2", "0 8 1-7 * */7", "0 8 */7 * mon", "0 8 * feb,MAY,Nov sat", "@hourly",
    "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually", "*/90 5 * * *",
    "0-59/20 6-18/6 * * *", "1,2,3,58,59 0,23 * * *", "*,30 12 * * *", "0 0 1,15 * 3",
    "0 0 31 1,3,5,7 2", "33 3 * 2-4 *", "0 0 28-31 * *",
]

EDGES = [
    "30 2 * * *", "0 2 * * *", "0 3 * * *", "30 1 * * *", "59 1 * * *", "0 1 * * *", "0 0 * * *",
    "30 0 * * *", "0,10,50 0,1,2,3 * * *", "*/20 * * * *", "*/40 2 * * *", "5 * * * *",
    "0-59/30 0-23 * * *", "45 23 * * *", "30 2 * * sun", "*/15 1-2 * * 6-7",
]

PLACES = [  # zone, shortly before a change
    ("America/New_York", "2023-03-11T20:00:00Z"), ("America/New_York", "2023-11-05T03:00:00Z"),
    ("Europe/Berlin", "2023-03-25T22:00:00Z"), ("Europe/Berlin", "2023-10-28T22:00:00Z"),
    ("Europe/London", "2023-03-25T23:00:00Z"), ("Europe/London", "2023-10-28T22:30:00Z"),
    ("Australia/Lord_Howe", "2023-09-30T12:00:00Z"),
    ("Australia/Lord_Howe", "2023-04-01T12:00:00Z"),
    ("America/Sao_Paulo", "2016-10-15T22:00:00Z"), ("America/Sao_Paulo", "2017-02-18T22:00:00Z"),
    ("Pacific/Apia", "2011-12-30T05:00:00Z"), ("Africa/Cairo", "2024-04-25T18:00:00Z"),
    ("Africa/Cairo", "2024-10-31T18:00:00Z"), ("Asia/Shanghai", "1988-04-16T14:00:00Z"),
    ("Asia/Shanghai", "1988-09-10T14:00:00Z"), ("America/St_Johns", "2006-10-28T23:00:00Z"),
    ("Europe/Dublin", "2022-10-29T22:00:00Z"), ("America/Havana", "2022-11-06T02:00:00Z"),
    ("Asia/Gaza", "2021-10-28T18:00:00Z"), ("Pacific/Kwajalein", "1993-08-20T20:00:00Z"),
    ("Africa/Casablanca", "2024-04-14T00:00:00Z"), ("Antarctica/Troll", "2023-03-26T00:00:00Z"),
    # inside the second pass of an overlap
    ("America/New_York", "2023-11-05T06:10:00Z"), ("Europe/Berlin", "2023-10-29T01:05:00Z"),
    ("Australia/Lord_Howe", "2023-04-01T15:05:00Z"), ("America/Sao_Paulo", "2017-02-19T02:20:00Z"),
    ("Africa/Cairo", "2024-10-31T21:15:00Z"), ("America/Havana", "2022-11-06T05:10:00Z"),
    ("America/St_Johns", "2006-10-29T02:31:30Z"), ("Asia/Shanghai", "1988-09-10T16:10:00Z"),
]

# Fixed starting points for ANYWHERE, taken in turn; the last ones lie inside a minute.
STARTS = [
    ("UTC", "2024-02-28T23:59:59Z"), ("Asia/Shanghai", "2024-12-31T15:59:00Z"),
    ("Asia/Kolkata", "2023-02-27T18:29:30Z"), ("Asia/Kathmandu", "2000-02-28T18:15:00Z"),
    ("America/New_York", "2019-06-30T12:34:56Z"), ("Europe/Berlin", "2021-12-24T17:00:00Z"),
    ("Australia/Lord_Howe", "2020-02-29T00:00:01Z"), ("UTC", "1969-12-30T23:59:59Z"),
]


def line(text, zone, start, runs):
    return "\t".join((text, zone, start, " ".join(map(printed, runs)) or "never"))


def cases():
    for i, text in enumerate(ANYWHERE):
        for shift in (0, 3, 5):
            zone, start = STARTS[(i + shift) % len(STARTS)]
            yield text, zone, start, 5
    for zone, start in PLACES:
        for text in EDGES:
            yield text, zone, start, 6


def main():
    lines = ["# expression\tzone\tfrom\truns; computed by cron_cases.py"]
    for text, zone, start, expected in CHECKED:
        wanted = [] if expected == "never" else [instant(t) for t in expected.split()]
        runs = walk(text, zone, instant(start), max(1, len(wanted)))
        if runs != wanted:
            sys.exit(f"{text} in {zone} from {start}: the walk says {line('', '', '', runs)}, "
                     f"by hand it is {expected}")
        lines.append(line(text, zone, start, runs))
    for text, zone, start, count in cases():
        runs = walk(text, zone, instant(start), count)
        settled = [run for run in runs if zone in STEADY or run.year < SETTLED]
        if settled or not runs:
            lines.append(line(text, zone, start, settled))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
