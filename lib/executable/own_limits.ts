/**
 * The limits that a bot may set for itself: names, ranges and units.
 *
 * @module
 */

import { z } from "zod";
import type { ResourceLimits } from "../engine/container_spec.ts";

/** Limits of one bot. The runner's apply to those that are absent. */
export type OwnLimits = Partial<ResourceLimits>;

const MIB = 1024 * 1024;

/** Smallest and largest value of each limit, for one bot and for all. The engine refuses less than 6 MiB of memory. */
export const LIMIT_RANGES = {
  memoryMb: [6, 1_048_576],
  cpuShares: [2, 262_144],
  cpus: [0.01, 1024],
  pids: [8, 65_536],
  diskMb: [1, 1_048_576],
} as const satisfies Readonly<Record<string, readonly [min: number, max: number]>>;

/** Name of a network: `host`, `bridge`, `none`, or one that the operator has made. */
export const NETWORK_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

const within = ([min, max]: readonly [number, number], unit = 1) => z.int().min(min * unit).max(max * unit);

/** Checks the limits of a bot. */
export const OWN_LIMITS: z.ZodType<OwnLimits> = z.strictObject({
  memoryBytes: within(LIMIT_RANGES.memoryMb, MIB).optional(),
  cpuShares: within(LIMIT_RANGES.cpuShares).optional(),
  cpus: z.number().min(LIMIT_RANGES.cpus[0]).max(LIMIT_RANGES.cpus[1]).optional(),
  pids: within(LIMIT_RANGES.pids).optional(),
  diskBytes: within(LIMIT_RANGES.diskMb, MIB).optional(),
});
