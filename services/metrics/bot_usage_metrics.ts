/**
 * Metrics of what the containers of bots use.
 *
 * @module
 */

import type { Usage } from "../contract/events.ts";
import type { MetricFamilies } from "./metric_families.ts";

/** Shows what bots use. */
export class BotUsageMetrics {
  readonly #cpu;
  readonly #memory;
  readonly #limit;
  readonly #processes;

  /** @param families Where its metrics are made. */
  constructor(families: MetricFamilies) {
    this.#cpu = families.counter(
      "berth_bot_cpu_seconds_total",
      "Processor time of the bot's container since its start.",
      ["bot"],
    );
    this.#memory = families.gauge(
      "berth_bot_memory_bytes",
      "Memory of the bot's container, without page cache that can be dropped.",
      ["bot"],
    );
    this.#limit = families.gauge("berth_bot_memory_limit_bytes", "Memory that the bot may use.", ["bot"]);
    this.#processes = families.gauge(
      "berth_bot_processes",
      "Processes and threads of the bot's container.",
      ["bot"],
    );
  }

  /**
   * Shows what a bot uses.
   *
   * @param bot Its id, as a label.
   * @param usage The measurement; `undefined` if nothing was.
   */
  set(bot: string, usage: Usage | undefined): void {
    if (!usage) return;
    const { cpuSeconds, memoryBytes, memoryLimitBytes, processes } = usage;
    this.#cpu.inc({ bot }, cpuSeconds);
    this.#memory.set({ bot }, memoryBytes);
    if (memoryLimitBytes !== undefined) this.#limit.set({ bot }, memoryLimitBytes);
    if (processes !== undefined) this.#processes.set({ bot }, processes);
  }

  /** Forgets all bots. */
  reset(): void {
    for (const metric of [this.#cpu, this.#memory, this.#limit, this.#processes]) metric.reset();
  }
}
