/** The resources that containers use: measured only while a page that shows them is open. */

import { signal } from "@preact/signals";
import { call } from "./api.js";

/** By id of a bot: `{ cpu, memory, limit, curve }`; `cpu` is a share of one processor, `undefined` at first. */
export const usage = signal(new Map());

const CURVE_LENGTH = 60;

/** Measures all bots. */
export async function measureAll(signal) {
  const { containers } = await call("/api/stats", { signal });
  const next = new Map();
  for (const one of containers) {
    if (one.kind === "bot") next.set(one.id, withSample(usage.value.get(one.id), one));
  }
  usage.value = next;
}

/** Adds a measurement to what is known. */
export function withSample(before, { containerId, time, cpuSeconds, memoryBytes, memoryLimitBytes }) {
  const at = Date.parse(time);
  const isSame = before?.containerId === containerId && at > before.at;
  const cpu = isSame ? Math.max(0, cpuSeconds - before.cpuSeconds) / ((at - before.at) / 1000) : undefined;
  const curve = [...before?.curve ?? [], ...(cpu === undefined ? [] : [cpu])].slice(-CURVE_LENGTH);
  return { containerId, at, cpuSeconds, cpu, memory: memoryBytes, limit: memoryLimitBytes, curve };
}
