/**
 * When the clocks of a time zone change.
 *
 * @module
 */

/** One change. */
export interface ClockChange {
  /** The first second with the new offset, in Unix seconds. */
  readonly at: number;
  /** Seconds that clocks are ahead of UTC before it. */
  readonly before: number;
  /** Seconds that clocks are ahead of UTC from it on. When that is more, local times are skipped, else they come twice. */
  readonly after: number;
}

const DAY_SECONDS = 86_400;

/**
 * Finds when clocks change. One that is taken back within a day may be missed; there is none.
 *
 * @param timezone IANA name of a time zone.
 * @param from Unix seconds.
 * @param to Unix seconds, at least `from`.
 * @returns The changes later than `from`, up to `to`, in order.
 */
export function clockChanges(timezone: string, from: number, to: number): ClockChange[] {
  const offset = utcOffset(timezone);
  const changes: ClockChange[] = [];
  for (let day = from; day < to; day += DAY_SECONDS) {
    let low = day;
    let high = Math.min(day + DAY_SECONDS, to);
    const [before, after] = [offset(low), offset(high)];
    if (before === after) continue;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offset(middle) === before) low = middle;
      else high = middle;
    }
    changes.push({ at: high, before, after });
  }
  return changes;
}

/**
 * The offset of a time zone's clocks.
 *
 * @param timezone IANA name of a time zone.
 * @returns How many seconds they are ahead of UTC at a time, in whole Unix seconds.
 */
export function utcOffset(timezone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (at) => {
    const [month, day, year, hour, minute, second] = format.format(at * 1000).match(/\d+/g)!.map(Number);
    return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) / 1000 - at;
  };
}
