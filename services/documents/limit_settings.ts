/**
 * Reads the limits and the network that a bot sets for itself.
 *
 * @module
 */

import type { ExecutableInput } from "../../lib/executable/executable.ts";
import { LIMIT_RANGES, NETWORK_NAME, type OwnLimits } from "../../lib/executable/own_limits.ts";
import { BERTH_KEY, wholeNumberSetting } from "./berth_settings.ts";
import { field, type Fields, typeName } from "./document_fields.ts";

const MIB = 1024 * 1024;

/**
 * Reads `memory_mb`, `cpu_shares`, `cpus`, `pids`, `disk_mb` and `network`.
 *
 * @param berth The settings of `config.berth`.
 * @param problems Receives a line for each problem.
 * @returns The limits and the network, absent if nothing sets them; meaningless if a problem was added.
 */
export function readLimits(
  berth: Fields,
  problems: string[],
): Pick<ExecutableInput, "limits" | "network"> {
  const wholeNumber = (name: string, range: readonly [number, number]) =>
    wholeNumberSetting(berth, name, range, problems);
  const memoryMb = wholeNumber("memory_mb", LIMIT_RANGES.memoryMb);
  const cpuShares = wholeNumber("cpu_shares", LIMIT_RANGES.cpuShares);
  const cpus = readProcessors(berth, problems);
  const pids = wholeNumber("pids", LIMIT_RANGES.pids);
  const diskMb = wholeNumber("disk_mb", LIMIT_RANGES.diskMb);
  const limits: OwnLimits = {
    ...(memoryMb !== undefined && { memoryBytes: memoryMb * MIB }),
    ...(cpuShares !== undefined && { cpuShares }),
    ...(cpus !== undefined && { cpus }),
    ...(pids !== undefined && { pids }),
    ...(diskMb !== undefined && { diskBytes: diskMb * MIB }),
  };
  const network = readNetwork(berth, problems);
  return {
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(network !== undefined && { network }),
  };
}

function readProcessors(berth: Fields, problems: string[]): number | undefined {
  const value = field(berth, "cpus") ?? undefined;
  if (value === undefined) return undefined;
  const [min, max] = LIMIT_RANGES.cpus;
  // The engine counts in billionths, and its kernel in thousandths.
  const isFine = typeof value === "number" && value >= min && value <= max &&
    Math.abs(value * 100 - Math.round(value * 100)) < 1e-6;
  if (isFine) return Math.round(value * 100) / 100;
  const shown = typeof value === "number" ? value : typeName(value);
  problems.push(
    `config.${BERTH_KEY}.cpus: must be a number from ${min} to ${max} with at most two decimals (is ${shown})`,
  );
  return undefined;
}

function readNetwork(berth: Fields, problems: string[]): string | undefined {
  const value = field(berth, "network") ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === "string" && NETWORK_NAME.test(value)) return value;
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : typeName(value);
  problems.push(
    `config.${BERTH_KEY}.network: must be host, bridge, none or the name of a network (is ${shown})`,
  );
  return undefined;
}
