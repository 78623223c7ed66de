/** Where the page is: `#/bots/my-bot?tab=log`. The part after `#` never leaves the browser. */

import { signal } from "@preact/signals";

/** `{ parts: ["bots", "my-bot"], query: URLSearchParams }`. */
export const place = signal(read());

addEventListener("hashchange", () => place.value = read());

function read() {
  const [path = "", query = ""] = location.hash.replace(/^#/, "").split("?", 2);
  return { parts: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

/** A mistyped address is no error. */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The address of a place. */
export const linkTo = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}`;

/** Goes to a place. */
export function go(...parts) {
  location.hash = linkTo(...parts);
}

/** Keeps something in the address, so that a link or a reload brings it back. Nothing is shown again for it. */
export function setQuery(name, value) {
  const { parts, query } = place.peek();
  if (value) query.set(name, value);
  else query.delete(name);
  const text = query.toString();
  history.replaceState(null, "", `${linkTo(...parts)}${text ? `?${text}` : ""}`);
}
