/**
 * Reports when the database or the engine does not answer for a while.
 *
 * @module
 */

import { EngineUnavailableError, messageOf } from "../../lib/errors.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { StoreUnavailableError } from "../documents/bot_repository.ts";
import type { Incident, Incidents } from "./incidents.ts";

/** Dependencies of {@linkcode OutageIncidents}. */
export interface OutageIncidentsOptions {
  /** Takes outages of the engine. */
  readonly incidents: Pick<Incidents, "open" | "close">;
  /** Takes outages of the database, which cannot store its own. */
  readonly store: Pick<Incidents, "open" | "close">;
  /** The clock. */
  readonly clock: Clock;
}

type Part = "store" | "engine";

/** An outage of this length is reported, in ms: servers are restarted now and then. */
export const OUTAGE_GRACE_MS = 60_000;

/** Follows the outages that the services report. */
export class OutageIncidents implements Disposable {
  readonly #options: OutageIncidentsOptions;
  /** The part that each reporter waits for. */
  readonly #down = new Map<string, { readonly part: Part; readonly problem: string }>();
  readonly #timers = new Map<Part, AbortController>();

  /** @param options See {@linkcode OutageIncidentsOptions}. */
  constructor(options: OutageIncidentsOptions) {
    this.#options = options;
  }

  /**
   * Takes the report of one part of a service.
   *
   * @param reporter The reporter; one that works says nothing about the others.
   * @param problem Why it cannot work; `undefined` if it works.
   */
  report(reporter: string, problem: unknown): void {
    const part = partOf(problem);
    if (part) {
      this.#down.set(reporter, { part, problem: messageOf(problem) });
      this.#begin(part);
    } else {
      this.#down.delete(reporter);
    }
    for (const each of ["store", "engine"] as const) {
      if (![...this.#down.values()].some((one) => one.part === each)) this.#end(each);
    }
  }

  /** Cancels its timers. Reported outages stay open. */
  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) timer.abort();
    this.#timers.clear();
  }

  #begin(part: Part): void {
    if (this.#timers.has(part)) return;
    const timer = new AbortController();
    this.#timers.set(part, timer);
    this.#options.clock.sleep(OUTAGE_GRACE_MS, timer.signal).then(() => this.#open(part), () => {});
  }

  #open(part: Part): void {
    const problem = [...this.#down.values()].find((one) => one.part === part)?.problem;
    if (problem !== undefined) this.#takerOf(part).open(incidentOf(part, problem));
  }

  #end(part: Part): void {
    this.#timers.get(part)?.abort();
    this.#timers.delete(part);
    this.#takerOf(part).close({ kind: `${part}.unreachable` });
  }

  #takerOf(part: Part): Pick<Incidents, "open" | "close"> {
    return part === "store" ? this.#options.store : this.#options.incidents;
  }
}

function partOf(problem: unknown): Part | undefined {
  if (problem instanceof StoreUnavailableError) return "store";
  return problem instanceof EngineUnavailableError ? "engine" : undefined;
}

function incidentOf(part: Part, problem: string): Incident {
  const what = part === "store" ? "the database" : "the container engine";
  const effect = part === "store"
    ? "Bots that run go on running. Changes of documents are not seen until it answers."
    : "Bots go on running as long as the engine lets them; none is started or watched until it answers.";
  return {
    kind: `${part}.unreachable`,
    severity: "critical",
    title: `${what} does not answer`,
    text: `${problem}\n${effect}`,
  };
}
