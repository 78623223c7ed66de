/**
 * Keeps the bots running that the documents say should run.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { ALL_SEGMENTS, type ManagedContainer, type Runner } from "../../lib/runner/runner.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";
import { followHints } from "../control/follow_hints.ts";
import { tick } from "../control/tick.ts";
import { WaitLog } from "../control/wait_log.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";
import { WorkQueue } from "../control/work_queue.ts";
import {
  type BotChange,
  type BotRepository,
  type StoredBot,
  StoreUnavailableError,
} from "../documents/bot_repository.ts";
import { logRefusal, newFieldsFor, toRefusal } from "../documents/refused_change.ts";
import type { BotEvents } from "../events/bot_events.ts";
import { untilCaughtUp } from "../events/until_caught_up.ts";
import { ForeignContainers } from "../ownership/foreign_containers.ts";
import { ServingRightLostError } from "../ownership/serving_right.ts";
import { BotReconciler } from "./bot_reconciler.ts";
import { FreshDocuments } from "./fresh_documents.ts";
import { MassStopGuard } from "./mass_stop_guard.ts";
import { ServiceState } from "./service_state.ts";

/** What a {@linkcode BotService} is made of. */
export interface BotServiceOptions {
  /** The documents. */
  readonly repository: BotRepository;
  /** What tells of changed documents. */
  readonly events: BotEvents;
  /** The containers. */
  readonly runner: Runner;
  /** Time between two full resyncs in ms. @default {30000} */
  readonly reconcileIntervalMs?: number;
  /** Segment that is served. @default {ALL_SEGMENTS} */
  readonly segment?: number;
  /** What becomes of the bots when the service stops. @default {"keep"} */
  readonly botsOnShutdown?: "keep" | "stop";
  /** Whether any number of bots may be stopped at once because their documents vanished. @default {false} */
  readonly allowMassStop?: boolean;
  /** Whether the document store was made a short time ago. @default {it was not} */
  readonly isNewStore?: () => boolean;
  /** Why the service must not act on containers at this moment; `undefined` when it may. @default {it may} */
  readonly whyIdle?: () => string | undefined;
  /** Removes what a killed predecessor left on the engine. @default {the runner's} */
  readonly removeOrphans?: (signal: AbortSignal) => Promise<unknown>;
  /** @default {the machine's} */
  readonly clock?: Clock;
}

/** Most of a key's time is waiting for its bot to stop; starts are bounded by the runner. */
const WORKERS = 256;
/** Between two tries of a resync that failed, in ms. */
const BACKOFF_MS = [250, 500, 1000, 2000, 4000];
/** From a call that the database did not answer to the next full read. */
const OUTAGE_PAUSE_MS = 1000;
const DRAIN_MS = 9000;

/**
 * Level-triggered: an event, a tick and an engine's hint only mark a bot's key. One worker at a time handles a
 * key; a full resync finds whatever was missed. A store that cannot be read stops nothing.
 */
export class BotService {
  readonly #options: Required<BotServiceOptions>;
  /** What the service knows of its bots. */
  readonly state: ServiceState;
  readonly #reconciler: BotReconciler;
  readonly #guard: MassStopGuard;
  readonly #queue: WorkQueue;
  /** Has everything read anew. */
  readonly #resync = new Wakeup();
  readonly #fresh = new FreshDocuments();
  #isOutageKnown = false;
  /** Ends the service. */
  #signal: AbortSignal | undefined;
  readonly #log = getLogger(["berth", "bots"]);
  readonly #waits = new WaitLog(this.#log);
  readonly #foreign = new ForeignContainers(this.#log);
  /** Whether what a killed predecessor left has been removed. */
  #isSwept = false;
  /** The documents may be older than events that wait to be read: nothing is done before those are written. */
  #caughtUp: Promise<void> | undefined;
  /** Whether the containers have been listed, or are about to be. */
  #hasListed = false;

  /**
   * Makes one; nothing is read or dialled before {@linkcode run}.
   *
   * @param options See {@linkcode BotServiceOptions}.
   */
  constructor(options: BotServiceOptions) {
    this.#options = {
      reconcileIntervalMs: 30_000,
      segment: ALL_SEGMENTS,
      botsOnShutdown: "keep",
      allowMassStop: false,
      isNewStore: () => false,
      whyIdle: () => undefined,
      clock: systemClock,
      removeOrphans: (signal) => options.runner.removeOrphans({ signal }),
      ...options,
    };
    const { clock, allowMassStop, isNewStore, reconcileIntervalMs } = this.#options;
    this.state = new ServiceState({ clock, queueDepth: () => this.#queue.depth });
    // Reads that a gap in the events asks for come close together, and would agree on the same mistake.
    this.#guard = new MassStopGuard({ allowMassStop, isNewStore, clock, apartMs: reconcileIntervalMs / 2 });
    this.#reconciler = new BotReconciler({
      ...this.#options,
      state: this.state,
      whyHeld: (id) => this.#guard.whyHeld(id),
      onGone: (id) => this.#guard.forget(id),
    });
    this.#queue = new WorkQueue({
      handle: (id, signal) => this.#reconciler.reconcile(id, signal, this.#fresh.take(id)),
      onError: ({ key, error, retryInMs }) => {
        this.#log.warn("pass over a bot failed", { id: key, problem: messageOf(error), retryInMs });
        void this.#noticeOutage(error);
      },
      concurrency: WORKERS,
      clock,
    });
  }

  /**
   * Runs until the signal is given; then ends what is under way, within 10 s. Stores, event bus and engine may
   * come up in any order, at any time.
   *
   * @param signal Ends the service.
   * @returns Resolves when everything has ended; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { events, reconcileIntervalMs, clock } = this.#options;
    this.#signal = signal;
    events.subscribe({
      onChange: (change) =>
        this.#apply(change, signal).catch((error) => {
          void this.#noticeOutage(error);
          throw error;
        }),
      onMalformed: (subject, problem) => this.#log.warn("event not understood", { subject, problem }),
      onGap: () => this.#resync.wake(),
    });
    this.#caughtUp = untilCaughtUp({ events, what: "bots", clock, signal });
    await Promise.all([
      tick("resync", reconcileIntervalMs, {
        signal,
        clock,
        wakeup: this.#resync,
        backoffSchedule: BACKOFF_MS,
        onError: ({ error }) => this.#waits.tell("resync", messageOf(error)),
      }, (signal) => this.#readAll(signal)),
      followHints({
        ...this.#options,
        log: this.#log,
        signal,
        onHint: ({ id, kind, containerId = "" }) =>
          kind === "bot" && !this.#reconciler.hasEnded(containerId) && this.wake(id),
        onOpen: () => this.#hasListed && this.#resync.wake(),
      }),
    ]);
    // For all that is under way, so that the end is in time whatever hangs.
    const deadline = AbortSignal.timeout(DRAIN_MS);
    await events[Symbol.asyncDispose]();
    await this.#queue.drain({ signal: deadline });
    // What another service has taken over is not this one's to stop.
    const isLost = signal.reason instanceof ServingRightLostError;
    if (this.#options.botsOnShutdown === "stop" && !isLost) await this.#stopAll();
  }

  /**
   * Has a bot looked at now, for example because its document was changed by a call.
   *
   * @param id Id of the bot.
   */
  wake(id: string): void {
    this.#fresh.forget(id);
    this.#enqueue(id);
  }

  /** Before the first full read everything is still to be looked at. */
  #enqueue(id: string): void {
    if (this.#hasListed) this.#queue.add(id);
  }

  async #apply(change: BotChange, signal: AbortSignal): Promise<void> {
    const { repository, clock, segment } = this.#options;
    const { id, type } = change;
    const { refusal, current, positionSaved } = await repository
      .write(change, { signal, newFields: newFieldsFor(segment) })
      .catch(toRefusal);
    if (refusal) logRefusal(this.#log, change, refusal);
    // A deletion counts even if a predecessor applied it and ended before it could act.
    const isDeleted = type === "deleted" && (!refusal || !await repository.get(id, { signal }));
    if (isDeleted) this.#guard.sayDeleted(id);
    else if (!refusal) this.#guard.forget(id);
    // The bot starts while the position of its event is still being saved.
    if (current) {
      this.#fresh.write(id, current.document);
      this.#enqueue(id);
    } else this.wake(id);
    await positionSaved;
    const { publishedAt, isHistory } = change.order;
    if (publishedAt !== undefined && !isHistory) {
      this.state.setEventLag(Math.max(0, clock.now() - publishedAt));
    }
  }

  /** A database that was away may have been changed by others meanwhile: it is read anew when it is back. */
  async #noticeOutage(error: unknown): Promise<void> {
    const signal = this.#signal;
    if (!(error instanceof StoreUnavailableError) || this.#isOutageKnown || !signal) return;
    this.#isOutageKnown = true;
    if (!this.#waits.isWaiting("resync")) this.#waits.tell("resync", messageOf(error));
    // A database that refuses one bot only must not be read again and again.
    await this.#options.clock.sleep(OUTAGE_PAUSE_MS, signal).catch(() => {});
    this.#isOutageKnown = false;
    this.#resync.wake();
  }

  /** One full read of both sides; only bots about which there is something to do get a pass of their own. */
  async #readAll(signal: AbortSignal): Promise<void> {
    const { repository, runner, segment } = this.#options;
    await repository.open({ signal });
    if (!this.#isSwept) await this.#options.removeOrphans(signal);
    this.#isSwept = true;
    await this.#caughtUp;
    // Documents last: one that is written meanwhile is seen, and its container is not yet missed.
    this.#reconciler.forgetEnded();
    this.#hasListed = true;
    this.#fresh.begin();
    this.#reconciler.seen.beginList();
    const containers = await runner.listManagedContainers(segment, { kind: "bot", signal });
    const own = this.#foreign.leaveOut(containers);
    const documents = await repository.list({ signal });
    this.#waits.tell("resync");
    this.#review(own, documents);
    const bots = Map.groupBy(containers, ({ id }) => id);
    const stored = new Map(documents.map(({ key, document }) => [key, document]));
    for (const id of new Set([...stored.keys(), ...bots.keys()])) {
      const wish = this.#reconciler.wish(id, stored.get(id));
      const found = bots.get(id) ?? [];
      this.#reconciler.seen.list(id, found);
      const isWork = this.#reconciler.preview(id, wish.desired, found).actions.length > 0 ||
        found.some(({ phase, isForeign }) => phase !== "running" && !isForeign);
      // While all is started, more is read: by the bus that answers now, for one.
      const isBeingDone = !found.some(({ phase }) => phase === "exited") &&
        this.#reconciler.isBringingAbout(id, wish.desired);
      if (isWork && !isBeingDone) {
        this.#fresh.read(id, stored.get(id));
        this.#queue.add(id);
      } else if (!isWork) this.#reconciler.observe(id, wish, found);
    }
    for (const { id } of this.state.getAllRunningBots()) {
      if (!stored.has(id) && !bots.has(id)) this.#reconciler.observe(id, { desired: undefined }, []);
    }
  }

  #review(own: readonly ManagedContainer[], documents: readonly StoredBot[]): void {
    const { message } = this.#guard.review({
      bots: own.map(({ id }) => id),
      unmarked: own.filter(({ store }) => store === undefined).map(({ id }) => id),
      documents: documents.map(({ key }) => key),
    });
    if (message !== undefined) this.#log.error("mass stop held back", { message });
  }

  async #stopAll(): Promise<void> {
    const { runner, segment } = this.#options;
    const containers = await runner.listManagedContainers(segment, { kind: "bot" });
    const bots = this.#foreign.leaveOut(containers);
    await Promise.allSettled(bots.map(async (bot) => {
      const { how, exitCode } = await runner.stopContainer(bot, { tail: 0 });
      this.#log.info("bot stopped", { id: bot.id, reason: "shutdown", how, exitCode });
    }));
  }
}
