/**
 * Determines which part of a container's specification has changed.
 *
 * @module
 */

import { specHash } from "./spec_hash.ts";

/** The parts, and what they are called. */
const PARTS = {
  code: "its code",
  runtime: "its runtime or image",
  config: "its configuration",
  limits: "its limits or network",
  settings: "its settings",
  service: "the settings of the service",
} as const;

/** The values of each part. */
export type SpecParts = Readonly<Record<keyof typeof PARTS, unknown>>;

/** Digits of a hash that are kept: enough to notice a change, as it is only told to people. */
const DIGITS = 8;

/**
 * Hashes each part for a label.
 *
 * @param parts The parts, of plain JSON types.
 * @returns For example `code=1f0c2a9b,runtime=…`.
 */
export function hashParts(parts: SpecParts): string {
  return Object.keys(PARTS).map((name) => {
    const hash = specHash({ value: parts[name as keyof SpecParts] });
    return `${name}=${hash.slice(0, DIGITS)}`;
  }).join(",");
}

/**
 * Describes what differs between two containers.
 *
 * @param before Result of {@linkcode hashParts} for the first; absent if an earlier version of Berth started it.
 * @param after The same for the second.
 * @returns For example `its code and its configuration changed`; `undefined` if it is not known.
 */
export function describeChange(before: string | undefined, after: string): string | undefined {
  if (before === undefined) return undefined;
  const known = partsOf(before);
  const changed = [...partsOf(after)].filter(([name, hash]) => known.has(name) && known.get(name) !== hash)
    .flatMap(([name]) => PARTS[name as keyof SpecParts] ?? []);
  if (changed.length === 0) return undefined;
  const [last, ...others] = changed.toReversed();
  return `${others.length === 0 ? last : `${others.toReversed().join(", ")} and ${last}`} changed`;
}

function partsOf(label: string): Map<string, string> {
  return new Map(
    label.split(",").map((part) => {
      const [name = "", hash = ""] = part.split("=");
      return [name, hash];
    }),
  );
}
