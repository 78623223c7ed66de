/**
 * Names a build by everything that decides its content. Pure.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { NeededLibraries } from "./code_needs.ts";

/** Version of the builders. Another one builds everything again. */
const FORMAT = 1;

/** An image that code runs on. */
export interface BuildImage {
  /** Reference. */
  readonly reference: string;
  /** Digest of its configuration, as the engine knows it. */
  readonly digest: string;
  /** Architecture and operating system, such as `linux/amd64`. */
  readonly platform: string;
}

/** Settings of a build that change its result. */
export interface BuildChoices {
  /** Whether packages may be built from source, which runs their own code in the builder. */
  readonly allowSourceBuilds: boolean;
}

/**
 * Returns the key of libraries: equal keys mean equal libraries.
 *
 * @param libraries The libraries, with their lock.
 * @param image The image that they are built on.
 * @param choices Settings of the build.
 */
export function librariesKey(
  { tool, inputs, lockFile, lock }: NeededLibraries,
  { digest, platform }: BuildImage,
  { allowSourceBuilds }: BuildChoices,
): string {
  // Beside a complete lock, the requirements decide nothing.
  const files = tool === "requirements" ? { [lockFile]: withoutComments(lock ?? "") } : inputs;
  return hashOf({ format: FORMAT, tool, files, digest, platform, allowSourceBuilds });
}

/**
 * Returns the key of the lock that is made for files without one.
 *
 * @param libraries The libraries, without a lock.
 * @param image The image that they are built on.
 * @param choices Settings of the build.
 */
export function lockKey(
  { tool, inputs }: NeededLibraries,
  { digest, platform }: BuildImage,
  { allowSourceBuilds }: BuildChoices,
): string {
  return hashOf({ format: FORMAT, tool, inputs, digest, platform, allowSourceBuilds });
}

/**
 * Hashes a value of plain JSON types. The order of keys does not matter.
 *
 * @param value The value.
 * @returns SHA-256 in hexadecimal digits.
 */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex");
}

function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return JSON.stringify(value) ?? "null";
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}

/** A comment must not cause a build. */
function withoutComments(text: string): string {
  return text.split("\n").map((line) => {
    const at = line.search(/(?:^|\s)#/);
    return (at < 0 ? line : line.slice(0, at)).trim();
  }).filter(Boolean).join("\n");
}
