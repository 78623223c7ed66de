/** Path of a backtest in the API, or of something of it. */
export const backtestPath = (id, rest = "") => `/api/backtests/${encodeURIComponent(id)}${rest}`;

/** Whether a backtest goes on. */
export const isOpen = ({ state }) => state === "queued" || state === "running";

/** A name by which people tell a backtest from others. */
export const nameOf = ({ bot, version, id }) => `${bot}${version ? ` ${version}` : ""}, ${timeOf(id)}`;

/** An id begins with the time of the request, in UTC. */
function timeOf(id) {
  const [, month, day, hour, minute, second] = /^\d{4}(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)/.exec(id) ?? [];
  return month === undefined ? id : `${month}-${day} ${hour}:${minute}:${second} UTC`;
}
