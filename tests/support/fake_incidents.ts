/**
 * Incidents in memory, with the notifications that people would get.
 *
 * @module
 */

import type {
  CloseOptions,
  Happening,
  Incident,
  IncidentKey,
  Incidents,
} from "../../services/notifications/incidents.ts";
import { fromKeyText, toKeyText } from "../../services/notifications/incident_key.ts";

/** Callbacks for the notifications that people would get. */
export interface FakeIncidentsOptions {
  /** Called with what begins, or has happened. */
  readonly onTold: (incident: Incident) => void;
  /** Called at an end that is notified. */
  readonly onOver: (key: IncidentKey, text: string | undefined) => void;
}

/** Holds at most one incident of each key, as the real book does. */
export class FakeIncidents implements Incidents {
  readonly #options: FakeIncidentsOptions;
  readonly #open = new Set<string>();

  /** @param options See {@linkcode FakeIncidentsOptions}. */
  constructor(options: FakeIncidentsOptions) {
    this.#options = options;
  }

  /** {@inheritDoc Incidents.open} */
  open(incident: Incident): void {
    if (this.isOpen(incident)) return;
    this.#open.add(toKeyText(incident));
    this.#options.onTold(incident);
  }

  /** {@inheritDoc Incidents.close} */
  close(key: IncidentKey, { text, isQuiet }: CloseOptions = {}): void {
    if (this.#open.delete(toKeyText(key)) && !isQuiet) this.#options.onOver(key, text);
  }

  /** {@inheritDoc Incidents.closeAll} */
  closeAll(): void {
    this.#open.clear();
  }

  /** {@inheritDoc Incidents.notify} */
  notify(happening: Happening): Promise<void> {
    this.#options.onTold(happening);
    return Promise.resolve();
  }

  /** {@inheritDoc Incidents.isOpen} */
  isOpen(key: IncidentKey): boolean {
    return this.#open.has(toKeyText(key));
  }

  /** {@inheritDoc Incidents.keys} */
  keys(): IncidentKey[] {
    return [...this.#open].map(fromKeyText);
  }
}

/** Notifies nobody. */
export const NO_INCIDENTS: Incidents = {
  open() {},
  close() {},
  closeAll() {},
  notify: () => Promise.resolve(),
  isOpen: () => false,
  keys: () => [],
};
