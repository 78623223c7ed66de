/** Times, durations, sizes and numbers as people read them. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A duration in two units at most: `41 s`, `6 min`, `3 h 12 min`, `2 d 4 h`. */
export function duration(ms) {
  const abs = Math.max(0, ms);
  if (abs < MINUTE) return `${Math.floor(abs / SECOND)} s`;
  if (abs < HOUR) return `${Math.floor(abs / MINUTE)} min`;
  if (abs < DAY) return two(abs, HOUR, "h", MINUTE, "min");
  if (abs < 100 * DAY) return two(abs, DAY, "d", HOUR, "h");
  return `${Math.floor(abs / DAY)} d`;
}

function two(ms, large, largeName, small, smallName) {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest > 0 ? ` ${rest} ${smallName}` : ""}`;
}

const pad = (number, length = 2) => String(number).padStart(length, "0");

/** The time of day, of this browser: `14:02:11`. */
export function clockTime(ms) {
  const date = new Date(ms);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** The day, of this browser: `2026-11-28`. */
export function day(ms) {
  const date = new Date(ms);
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}

/** A time that needs no day if it is today: `14:02`, or `Nov 27, 14:02`. */
export function shortTime(ms, now = Date.now()) {
  const time = clockTime(ms).slice(0, 5);
  if (day(ms) === day(now)) return time;
  const name = new Date(ms).toLocaleDateString("en", { month: "short", day: "numeric" });
  return `${name}, ${time}`;
}

/** The exact time, of this browser and in UTC, for titles. */
export function exactTime(ms) {
  return `${day(ms)} ${clockTime(ms)} here\n${
    new Date(ms).toISOString().replace("T", " ").replace("Z", " UTC")
  }`;
}

/** Bytes in binary units, with three digits: `211 MB`. */
export function bytes(count) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = count;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  return `${value >= 100 || at === 0 ? Math.round(value) : value.toPrecision(3)} ${units[at]}`;
}

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat("en", { maximumFractionDigits: 8 });

/** A count: `1,204,331`. */
export const count = (number) => grouped.format(number);

/** A value of a metric with its digits: money is not rounded. */
export const exact = (number) =>
  Math.abs(number) >= 1e15 || (number !== 0 && Math.abs(number) < 1e-6)
    ? String(number)
    : precise.format(number);

/** A share of one processor: `4 %`. */
export const percent = (share) =>
  share < 0.095 ? `${Math.round(share * 1000) / 10} %` : `${Math.round(share * 100)} %`;

/** `1 bot`, `2 bots`. */
export const many = (number, one, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;
