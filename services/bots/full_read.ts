/**
 * One full read: all containers and all documents.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import type { ManagedContainer, Runner } from "../../lib/runner/runner.ts";
import type { BotDocument, BotRepository, StoredBot } from "../documents/bot_repository.ts";
import { ForeignContainers } from "../ownership/foreign_containers.ts";
import type { BotReconciler } from "./bot_reconciler.ts";
import type { BotTable } from "./bot_table.ts";
import type { MassStopGuard } from "./mass_stop_guard.ts";
import type { ServiceState } from "./service_state.ts";

/** Dependencies of {@linkcode FullRead}. */
export interface FullReadOptions {
  /** The documents. */
  readonly repository: Pick<BotRepository, "list" | "wasDeleted">;
  /** The containers. */
  readonly runner: Pick<Runner, "superviseContainers">;
  /** Segment that is served, or `ALL_SEGMENTS`. */
  readonly segment: number;
  /** The table of bots. */
  readonly bots: BotTable;
  /** The status of the bots. */
  readonly state: Pick<ServiceState, "getAllRunningBots">;
  /** Judges what was read. */
  readonly reconciler: Pick<BotReconciler, "read" | "preview" | "hasEnded" | "observe" | "isBringingAbout">;
  /** Holds bots whose documents vanished. */
  readonly guard: Pick<MassStopGuard, "review" | "reportDeleted">;
  /** Has a pass made over a bot. */
  readonly enqueue: (id: string) => void;
  /** Has a pass made over a bot after a time in ms. */
  readonly enqueueAfter: (id: string, ms: number) => void;
  /** Where bots that are held are reported. */
  readonly log: Logger;
}

/** Finds the bots that need a pass of their own, and sets the status of the others. */
export class FullRead {
  readonly #options: FullReadOptions;
  readonly #foreign: ForeignContainers;
  #isFirst = true;

  /** @param options See {@linkcode FullReadOptions}. */
  constructor(options: FullReadOptions) {
    this.#options = options;
    this.#foreign = new ForeignContainers(options.log);
  }

  /**
   * Reads everything once.
   *
   * @param onRead Called once both reads have succeeded.
   * @param signal Cancels the call.
   * @throws The error that makes the read impossible, such as a store or an engine that does not answer.
   */
  async read(onRead: () => void, signal: AbortSignal): Promise<void> {
    const { repository, runner, segment, bots, state, reconciler } = this.#options;
    bots.beginRead();
    const containers = await runner.superviseContainers(segment, { kind: "bot", signal });
    const own = this.#foreign.leaveOut(containers);
    // After the containers: otherwise a container could belong to a document written between the two reads.
    const documents = await repository.list({ signal });
    const isFirst = this.#isFirst;
    if (isFirst) await this.#recallDeletions(own, documents, signal);
    this.#isFirst = false;
    onRead();
    this.#review(own, documents);
    const listed = Map.groupBy(containers, ({ id }) => id);
    const stored = new Map(documents.map(({ key, document }) => [key, document]));
    for (const id of new Set([...stored.keys(), ...listed.keys()])) {
      // The gate has opened just before.
      if (isFirst) bots.update(id, { isMet: true });
      this.#check(id, stored.get(id), listed.get(id) ?? []);
    }
    for (const { id } of state.getAllRunningBots()) {
      if (!stored.has(id) && !listed.has(id)) reconciler.observe(id, { desired: undefined }, []);
    }
  }

  /** Queues a bot if it needs action; otherwise sets its status. */
  #check(id: string, document: BotDocument | undefined, containers: readonly ManagedContainer[]): void {
    const { bots, reconciler, enqueue, enqueueAfter } = this.#options;
    const spec = reconciler.read(id, document);
    if (spec.againInMs !== undefined) enqueueAfter(id, spec.againInMs);
    bots.containersListed(id, containers);
    if (reconciler.hasEnded(id, spec.desired, containers)) return;
    const needsAction = reconciler.preview(id, spec.desired, containers).actions.length > 0 ||
      containers.some(({ phase, isForeign }) => phase !== "running" && !isForeign);
    if (!needsAction) return reconciler.observe(id, spec, containers);
    // Another full read may begin while the bots of the previous one are still being started.
    const isInFlight = !containers.some(({ phase }) => phase === "exited") &&
      reconciler.isBringingAbout(id, spec.desired);
    if (isInFlight) return;
    bots.documentRead(id, document);
    enqueue(id);
  }

  /** A process that was killed between a deletion and the stop of the bot cannot report the deletion any more. */
  async #recallDeletions(
    own: readonly ManagedContainer[],
    documents: readonly StoredBot[],
    signal: AbortSignal,
  ): Promise<void> {
    const { repository, guard } = this.#options;
    const stored = new Set(documents.map(({ key }) => key));
    const gone = own.map(({ id }) => id).filter((id) => !stored.has(id));
    await Promise.all(gone.map(async (id) => {
      if (await repository.wasDeleted(id, { signal })) guard.reportDeleted(id);
    }));
  }

  #review(own: readonly ManagedContainer[], documents: readonly StoredBot[]): void {
    const { guard, log } = this.#options;
    const { message } = guard.review({
      bots: own.map(({ id }) => id),
      unmarked: own.filter(({ store }) => store === undefined).map(({ id }) => id),
      documents: documents.map(({ key }) => key),
    });
    if (message !== undefined) log.error("mass stop held back", { message });
  }
}
