/**
 * Measures the starts of containers.
 *
 * @module
 */

import type { ContainerKind } from "../engine/labels.ts";
import type { RunningResult } from "./execution_result.ts";
import type { RunnerMeter } from "./runner_meter.ts";

/**
 * Starts a container, and reports how long that took, unless it ran already or the start was cancelled.
 *
 * @param meter Takes the measurement. @default {nothing is measured}
 * @param kind Purpose of the container.
 * @param signal Cancels the start.
 * @param start Starts it.
 * @returns The result of the start.
 */
export async function measureStart(
  meter: RunnerMeter | undefined,
  kind: ContainerKind,
  signal: AbortSignal | undefined,
  start: () => Promise<RunningResult>,
): Promise<RunningResult> {
  const beganAt = performance.now();
  const end = (hasFailed: boolean) => meter?.containerStarted(kind, performance.now() - beganAt, hasFailed);
  try {
    const result = await start();
    if (result.created) end(false);
    return result;
  } catch (error) {
    if (!signal?.aborted) end(true);
    throw error;
  }
}
