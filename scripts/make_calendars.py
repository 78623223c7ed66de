"""Writes the trading calendars that Berth ships, from the package exchange-calendars (Apache-2.0).

A developer runs it when the package has a new version or a year has passed:

    python3 -m venv .berth/calendars
    .berth/calendars/bin/pip install exchange-calendars==4.13.2
    .berth/calendars/bin/python scripts/make_calendars.py

It writes services/calendars/data/*.json, and the table that the tests compare with. With `--sessions`, it writes
nothing, and prints every session of every calendar as the package computes it: `deno task calendars-check` compares
them all.
"""

import collections
import datetime
import json
import pathlib
import sys
import warnings
from importlib import metadata

import exchange_calendars
import pandas as pd

warnings.filterwarnings("ignore")

NAMES = (
    "XNYS XNAS XTSE XLON XETR XEUR XPAR XAMS XSWX XMIL XMAD XSTO XTKS XHKG XSHG XSES XKRX XTAI XBOM XASX BVMF XJSE "
    "CMES XCBF us_futures 24/5 24/7"
).split()
FROM = datetime.date(2015, 1, 1)
# Exchanges publish their holidays two to three years ahead; the package's rules go on, but nobody has confirmed them.
TO = datetime.date(2028, 12, 31)
# These two have no holidays, so their rule is the whole truth.
ALWAYS = {"24/5": datetime.date(2099, 12, 31), "24/7": datetime.date(2099, 12, 31)}
SOURCE = f"exchange_calendars {metadata.version('exchange_calendars')}"
DAYS = "mon tue wed thu fri sat sun".split()
DAY = datetime.timedelta(days=1)
ROOT = pathlib.Path(__file__).parent.parent
DATA = ROOT / "services/calendars/data"
TABLE = ROOT / "tests/calendars/sessions.jsonl"


class Source:
    """A calendar of the package, within the range that Berth covers."""

    def __init__(self, name):
        self.name = name
        bound = exchange_calendars.calendar_utils._default_calendar_factories[
            exchange_calendars.resolve_alias(name)
        ].bound_max()
        self.to = min([ALWAYS.get(name, TO), *([bound.date()] if bound is not None else [])])
        self.calendar = exchange_calendars.get_calendar(
            name, start=pd.Timestamp(FROM), end=pd.Timestamp(self.to)
        )
        self.zone = str(self.calendar.tz)
        schedule = self.calendar.schedule
        self.instants = {}
        self.locals = {}
        local = {column: schedule[column].dt.tz_convert(self.zone) for column in schedule.columns}
        for i, label in enumerate(schedule.index):
            date = label.date()
            times = [schedule[c].iloc[i] for c in ("open", "break_start", "break_end", "close")]
            clocks = [local[c].iloc[i] for c in ("open", "break_start", "break_end", "close")]
            has_break = pd.notna(times[1])
            pairs = [(0, 1), (2, 3)] if has_break else [(0, 3)]
            self.instants[date] = [[int(times[a].timestamp()), int(times[b].timestamp())] for a, b in pairs]
            self.locals[date] = tuple(
                (clock(clocks[a], date), clock(clocks[b], date, is_end=True)) for a, b in pairs
            )

    def dates(self):
        date = FROM
        while date <= self.to:
            yield date
            date += DAY


def clock(time, date, is_end=False):
    """Formats a local time as seen from the date of its session."""
    days = (time.date() - date).days
    text = time.strftime("%H:%M")
    if is_end and text == "00:00":
        return clock_of_day(days - 1, "24:00")
    return clock_of_day(days, text)


def clock_of_day(days, text):
    return text if days == 0 else f"{days:+d}d {text}"


def regimes(source):
    """Lists the dates from which other regular hours apply."""
    calendar = source.calendar
    changes = {FROM}
    for times in (
        calendar.open_times, calendar.close_times, calendar.break_start_times, calendar.break_end_times,
    ):
        for start, _ in times or []:
            if start is not None and FROM < start.date() <= source.to:
                changes.add(start.date())
    return sorted(changes)


def data_of(source):
    starts = regimes(source)
    weeks, regular = [], {}
    for i, start in enumerate(starts):
        end = starts[i + 1] if i + 1 < len(starts) else source.to + DAY
        week = {}
        for weekday, name in enumerate(DAYS):
            dates = [d for d in source.dates() if start <= d < end and d.weekday() == weekday]
            counts = collections.Counter(source.locals.get(d, ()) for d in dates)
            usual = counts.most_common(1)[0][0] if counts else ()
            if usual:
                week[name] = [list(pair) for pair in usual]
            regular.update({d: usual for d in dates})
        weeks.append({"from": start.isoformat(), **week})
    differing = [d for d in source.dates() if source.locals.get(d, ()) != regular[d]]
    return {
        "mic": source.name,
        "zone": source.zone,
        "source": SOURCE,
        "covers": {"from": FROM.isoformat(), "to": source.to.isoformat()},
        "weeks": weeks,
        "closed": [d.isoformat() for d in differing if d not in source.locals],
        "special": {
            d.isoformat(): [list(pair) for pair in source.locals[d]] for d in differing if d in source.locals
        },
    }


def telling_dates(source, data):
    """Lists the dates that the repository's own table has: special days, changes of the clocks and of the hours."""
    dates = {FROM, source.to, *map(datetime.date.fromisoformat, [*data["closed"], *data["special"]])}
    # The hours of two centuries of "always" need no more than the first years.
    last = min(source.to, TO)
    offsets = {
        d: pd.Timestamp(d.isoformat() + " 12:00", tz=source.zone).utcoffset()
        for d in source.dates() if d <= last
    }
    around = [d for d in offsets if offsets.get(d - DAY, offsets[d]) != offsets[d]]
    around += [datetime.date.fromisoformat(week["from"]) for week in data["weeks"]]
    for d in around:
        dates.update(d + DAY * n for n in range(-3, 4))
    return sorted(d for d in dates if FROM <= d <= source.to)


def file_name(name):
    return name.replace("/", "-") + ".json"


def written(data):
    """Formats the data: a line for each week, year of closed days, and special day."""
    parts = [f'  {json.dumps(key)}: {json.dumps(value)}' for key, value in data.items() if key not in ("closed", "special", "weeks")]
    parts.append('  "weeks": [\n' + ",\n".join("    " + json.dumps(week) for week in data["weeks"]) + "\n  ]")
    years = collections.defaultdict(list)
    for date in data["closed"]:
        years[date[:4]].append(date)
    lines = ",\n".join("    " + ", ".join(json.dumps(d) for d in years[y]) for y in sorted(years))
    parts.append('  "closed": [' + (f"\n{lines}\n  " if lines else "") + "]")
    lines = ",\n".join(f"    {json.dumps(d)}: {json.dumps(v)}" for d, v in data["special"].items())
    parts.append('  "special": {' + (f"\n{lines}\n  " if lines else "") + "}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main():
    sources = [Source(name) for name in NAMES]
    if "--sessions" in sys.argv:
        for source in sources:
            days = {d.isoformat(): source.instants.get(d, []) for d in source.dates()}
            print(json.dumps({"calendar": source.name, "days": days}, separators=(",", ":")))
        return
    DATA.mkdir(parents=True, exist_ok=True)
    lines = []
    for source in sources:
        data = data_of(source)
        (DATA / file_name(source.name)).write_text(written(data))
        days = {d.isoformat(): source.instants.get(d, []) for d in telling_dates(source, data)}
        lines.append(json.dumps({"calendar": source.name, "days": days}, separators=(",", ":")))
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text("\n".join(lines) + "\n")


main()
