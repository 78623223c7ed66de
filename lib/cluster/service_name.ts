/**
 * Names of a cluster's services. Pure.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** Names that a Swarm accepts, without capital letters: it takes names that differ in these alone for the same. */
const NAME = /^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/;
const MAX_LENGTH = 63;
const HASH_LENGTH = 16;

/**
 * Turns the name of a container into that of a service: the same where it is fit, else its beginning and a hash.
 * The same container always has the same name, so that a second start is a conflict and not a second bot.
 *
 * @param name Name of the container.
 */
export function serviceName(name: string): string {
  if (name.length <= MAX_LENGTH && NAME.test(name)) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, HASH_LENGTH);
  let start = name.replace(/[^A-Za-z0-9_-]/g, "-").slice(0, MAX_LENGTH - HASH_LENGTH - 1);
  while (/[-_]$/.test(start)) start = start.slice(0, -1);
  return `${start}-${hash}`;
}
