/** Shows times in a time zone. */

const formats = new Map();

/** Berth knows zones that a browser may not know. */
function formatOf(timeZone) {
  try {
    return new Intl.DateTimeFormat("en-GB", {
      timeZone,
      weekday: "short",
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
  } catch {
    return undefined;
  }
}

/**
 * A time by the clock of a zone: `Mon 30 Nov, 09:00`.
 *
 * @param ms The time. @param timeZone IANA name; absent for that of this browser.
 * @returns `undefined` if the browser does not know the zone.
 */
export function zoneTime(ms, timeZone) {
  if (!formats.has(timeZone)) formats.set(timeZone, formatOf(timeZone));
  const parts = formats.get(timeZone)?.formatToParts(ms);
  if (!parts) return undefined;
  const { weekday, day, month, hour, minute } = Object.fromEntries(
    parts.map(({ type, value }) => [type, value]),
  );
  return `${weekday} ${day} ${month}, ${hour}:${minute}`;
}

/** The everyday name of a time zone: `New York`. */
export const zoneName = (timeZone) => timeZone.slice(timeZone.lastIndexOf("/") + 1).replaceAll("_", " ");
