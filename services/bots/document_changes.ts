/**
 * Writes changes of bots' documents, and has them acted on at once.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import type { Clock } from "../../lib/util/clock.ts";
import type { Meter } from "../control/meter.ts";
import type {
  BotChange,
  BotRepository,
  Refusal,
  RepositoryCallOptions,
} from "../documents/bot_repository.ts";
import { logRefusal, newFieldsFor, toRefusal } from "../documents/refused_change.ts";
import { versionOf } from "../documents/version_of.ts";
import type { BotTable } from "./bot_table.ts";
import type { MassStopGuard } from "./mass_stop_guard.ts";
import type { ServiceState } from "./service_state.ts";

/** Dependencies of {@linkcode DocumentChanges}. */
export interface DocumentChangesOptions {
  /** The documents. */
  readonly repository: Pick<BotRepository, "write" | "get">;
  /** Segment that is served, or `ALL_SEGMENTS`. */
  readonly segment: number;
  /** The table of bots. */
  readonly bots: BotTable;
  /** The status of the bots. */
  readonly state: ServiceState;
  /** Holds bots whose documents vanished. */
  readonly guard: Pick<MassStopGuard, "reportDeleted" | "reportWritten">;
  /** Has a pass made over a bot. */
  readonly enqueue: (id: string) => void;
  /** Takes measurements. @default {nothing is measured} */
  readonly meter?: Meter;
  /** Where refused changes are reported. */
  readonly log: Logger;
  /** The clock. */
  readonly clock: Clock;
}

/** Applies one change after the other. */
export class DocumentChanges {
  readonly #options: DocumentChangesOptions;

  /** @param options See {@linkcode DocumentChangesOptions}. */
  constructor(options: DocumentChangesOptions) {
    this.#options = options;
  }

  /** See `BotService.apply`. */
  async apply(change: BotChange, { signal }: RepositoryCallOptions): Promise<Refusal | undefined> {
    const { repository, segment, bots, guard, enqueue, log } = this.#options;
    const { id, type } = change;
    const { refusal, current, positionSaved } = await repository
      .write(change, { signal, newFields: newFieldsFor(segment) })
      .catch(toRefusal);
    if (refusal) logRefusal(log, change, refusal);
    // A deletion counts even if a predecessor applied it and ended before it could act.
    const isDeleted = type === "deleted" && (!refusal || !await repository.get(id, { signal }));
    if (isDeleted) guard.reportDeleted(id);
    else if (!refusal) guard.reportWritten(id);
    if (!refusal) this.#report(change);
    // The bot starts while the position of its event is still being saved.
    if (current) bots.documentWritten(id, current.document);
    else bots.documentChanged(id);
    enqueue(id);
    await positionSaved;
    this.#measure(change);
    return refusal;
  }

  #report(change: BotChange): void {
    const { state, clock } = this.#options;
    const { id, type } = change;
    const version = change.type === "deleted" ? undefined : versionOf(change.document);
    const at = new Date(clock.now());
    state.report({ type: "document", id, at, change: type, ...(version !== undefined && { version }) });
  }

  #measure({ order: { publishedAt, isHistory } }: BotChange): void {
    const { state, meter, clock } = this.#options;
    if (publishedAt === undefined || isHistory) return;
    const lagMs = Math.max(0, clock.now() - publishedAt);
    state.setEventLag(lagMs);
    meter?.eventStored("bots", lagMs);
  }
}
