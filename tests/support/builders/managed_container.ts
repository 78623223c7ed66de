/**
 * Makes containers as a runner lists them.
 *
 * @module
 */

import type { ManagedContainer } from "../../../lib/runner/runner.ts";

/**
 * Makes a running container of the bot `bot`, which was created a minute ago and is wanted as it is.
 *
 * @param now The current time, in ms since 1970.
 * @param values Whatever differs.
 */
export function managedContainer(now: number, values: Partial<ManagedContainer> = {}): ManagedContainer {
  return {
    id: "bot",
    containerId: "c1",
    containerName: "berth_main_bot_bot",
    image: "python:3.11-slim",
    kind: "bot",
    specHash: "new",
    attempt: 1,
    segment: 0,
    phase: "running",
    createdAt: new Date(now - 60_000),
    ...values,
  };
}
