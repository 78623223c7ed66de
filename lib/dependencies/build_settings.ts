/**
 * The limits and surroundings of builds.
 *
 * @module
 */

import type { Secret } from "../util/secret.ts";

/** Limits and surroundings of builds. */
export interface BuildSettings {
  /** Memory of a builder in bytes, swap included. */
  readonly memoryBytes: number;
  /** Most bytes that a build may write. */
  readonly diskBytes: number;
  /** Longest time of a build, in ms. */
  readonly timeoutMs: number;
  /** Network of the builders. */
  readonly network: string;
  /** Variables of the tools, such as `PIP_INDEX_URL`. They may hold passwords. */
  readonly environment: Readonly<Record<string, Secret>>;
  /** File with the certificates of more authorities, as PEM. @default {those of the image} */
  readonly certificates?: string;
}
