/**
 * A line of a container as it is printed, and what it says to Berth.
 *
 * @module
 */

import { type Metric, METRIC_MARK, parseMetric } from "./metric_series.ts";
import type { LogLine } from "../engine/container_orchestrator.ts";

/** Longest line that is checked for a metric or a heartbeat, in characters. */
const MAX_SIGNAL_LENGTH = 64 * 1024;

/** A line that a container has just printed. The first call parses its metric for all readers. */
export class LiveLine implements LogLine {
  /** {@inheritDoc LogLine.time} */
  readonly time: string;
  /** {@inheritDoc LogLine.stream} */
  readonly stream: LogLine["stream"];
  /** The line without its end, and without secrets. */
  readonly text: string;
  #metric: Metric | undefined;
  #isParsed = false;

  /** Takes a line as it was printed. */
  constructor({ time, stream, text }: LogLine) {
    this.time = time;
    this.stream = stream;
    this.text = text;
  }

  /** The metric that the line is; `undefined` if it is none. */
  get metric(): Metric | undefined {
    if (!this.#isParsed && this.#mayHold(METRIC_MARK)) this.#metric = parseMetric(this.time, this.text);
    this.#isParsed = true;
    return this.#metric;
  }

  /**
   * The content of a heartbeat, in the words of systemd's `sd_notify`: assignments such as `READY=1`, a line each. A heartbeat
   * that says nothing else is `WATCHDOG=1`. `undefined` if the line is none.
   */
  get heartbeat(): string | undefined {
    if (!this.#mayHold('"_heartbeat"')) return undefined;
    try {
      const { _heartbeat: said } = JSON.parse(this.text);
      if (said === true) return "WATCHDOG=1";
      return typeof said === "string" && said !== "" ? said : undefined;
    } catch {
      return undefined;
    }
  }

  #mayHold(name: string): boolean {
    return this.stream === "stdout" && this.text.startsWith("{") && this.text.length <= MAX_SIGNAL_LENGTH &&
      this.text.includes(name);
  }
}
