/**
 * Serves supervisors: gives them their work, renews their leases, and takes what they report.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import { getLogger } from "@logtape/logtape";
import type { ClusterLeases, RenewLeaseOptions } from "../../lib/cluster/cluster_leases.ts";
import type { WorkOrder } from "../../lib/cluster/work_orders.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import type { SecretResolver } from "../../lib/secrets/secret_resolver.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import { SharedWork } from "../../lib/util/shared_work.ts";
import { ApiProblem } from "../api/api_problem.ts";
import { beginAnswer, type BeginParts } from "./begin_answer.ts";
import type { CarriedStates, SnapshotFacts } from "./carried_states.ts";
import { addressesOf, objectsOf } from "./order_objects.ts";
import { nextRenewalInMs } from "./next_renewal.ts";
import type { OrderRecords } from "./order_records.ts";
import type { RequestBox } from "./request_box.ts";
import { type RunnerContent, runnerContent } from "./runner_content.ts";
import { hashOfSecrets, SecretChanges } from "./secret_changes.ts";
import type { SessionBook, StoredSession, Taker, VerifyOptions } from "./session_book.ts";
import type { RenewBody } from "./supervisor_messages.ts";
import type { EndFacts, Uploads } from "./uploads.ts";
import type { UsageReports } from "./usage_reports.ts";

/**
 * How long a renewal waits at most until a report is written down, in ms: a database that has many bots to start ends
 * none. The next renewal reports the same again.
 */
const MAX_RECORD_MS = 500;
const MAX_KNOWN = 10_000;

/** Parts of {@linkcode Supervisors}. */
export interface SupervisorsParts extends Pick<BeginParts, "limits" | "cacheBytes"> {
  /** The orders. */
  readonly orders: OrderRecords;
  /** The sessions. */
  readonly sessions: SessionBook;
  /** Requests to supervisors. */
  readonly requests: RequestBox;
  /** Resources that containers use. */
  readonly usage: UsageReports;
  /** The states. */
  readonly states: CarriedStates;
  /** Files that supervisors send. */
  readonly uploads: Uploads;
  /** The leases. */
  readonly leases: Pick<ClusterLeases, "ageMs" | "renew" | "release">;
  /** Reads secrets. */
  readonly secrets: Pick<SecretResolver, "resolve" | "peek">;
  /** The object store. */
  readonly store: ObjectStore;
  /** Bucket of code and of what is built. */
  readonly codeBucket: string;
  /** The clock. */
  readonly clock: Clock;
}

/** An order whose supervisor calls. */
export interface TakenOrder {
  /** The order. */
  readonly order: WorkOrder;
  /** Its session, perhaps some seconds old. */
  readonly session: StoredSession;
}

/** Does what supervisors ask for. Every call may be repeated: an answer may be lost. */
export class Supervisors {
  readonly #parts: SupervisorsParts;
  readonly #orders = new LRUCache<string, WorkOrder>({ max: MAX_KNOWN });
  readonly #recording = new SharedWork<void>();
  readonly #secretChanges: SecretChanges;
  readonly #log = getLogger(["berth", "supervisors"]);

  /** @param parts See {@linkcode SupervisorsParts}. */
  constructor(parts: SupervisorsParts) {
    this.#parts = parts;
    this.#secretChanges = new SecretChanges(parts);
  }

  /** Finds the order of a bootstrap token. @throws {ApiProblem} 401 if no order has it. */
  async orderOf(token: string): Promise<WorkOrder> {
    const order = await this.#parts.orders.ofToken(token);
    if (!order) throw refused();
    this.#orders.set(order.id, order);
    return order;
  }

  /**
   * Finds the order of a session's token.
   *
   * @param token The token.
   * @param options Whether the session may be as this process has known it for minutes.
   * @throws {ApiProblem} 401 if no order has it.
   */
  async admit(token: string, options?: VerifyOptions): Promise<TakenOrder> {
    const { sessions, orders } = this.#parts;
    const found = await sessions.verify(token, options);
    const order = found && (this.#orders.get(found.order) ?? await orders.get(found.order));
    if (!found || !order) throw refused();
    this.#orders.set(order.id, order);
    return { order, session: found.session };
  }

  /**
   * Gives an order to its supervisor.
   *
   * @param order The order.
   * @param taker The process that takes it up.
   * @throws {ApiProblem} 409 if another one has it, 410 if its lease is over, 424 if a secret is missing.
   */
  async begin(order: WorkOrder, taker: Taker, signal: AbortSignal): Promise<Record<string, unknown>> {
    const { sessions, secrets, store, codeBucket, states, limits, cacheBytes, leases } = this.#parts;
    const ageMs = leases.ageMs(order.lease);
    // Mostly it was taken just now: a renewal would make some databases search all leases, with each start.
    if (ageMs === undefined) await this.#requireLease(order);
    const references = order.executable.secrets;
    const [values, state] = await Promise.all([
      references
        ? secrets.resolve(references, { signal }).catch(toFailedDependency)
        : new Map<string, string>(),
      states.settings(order, signal),
    ]);
    const objects = objectsOf(order, codeBucket);
    const addresses = new Map(
      await Promise.all(
        [...objects].map(async ([name, place]) => [name, await addressesOf(store, name, place)] as const),
      ),
    );
    const facts = values.size > 0 ? { secretsHash: hashOfSecrets(taker.nonce, values) } : {};
    const token = await sessions.begin(order, taker, facts);
    if (token === undefined) {
      throw new ApiProblem(
        409,
        "supervisor/taken",
        "Another supervisor has taken this order up, or it has ended.",
      );
    }
    this.#log.debug("order taken up", { id: order.executable.id, order: order.id, node: taker.node });
    return beginAnswer(order, {
      token,
      addresses,
      secrets: values,
      limits,
      cacheBytes,
      leaseAgeMs: ageMs ?? 0,
      ...(state && { state }),
    });
  }

  /** Renews the lease. @throws {ApiProblem} 410 if it is no longer held. */
  async renew({ order, session }: TakenOrder, report: RenewBody): Promise<Record<string, unknown>> {
    const { sessions, requests, usage, clock } = this.#parts;
    if (session.end) throw over();
    // It counts from before the supervisor asked, so its answer has time.
    await this.#requireLease(order, { canWait: true });
    if (report.usage) usage.take(order.id, report.usage);
    for (const answer of report.answers) await requests.take(order.id, answer);
    const work = [
      hasNews(report, session) &&
      this.#recording.run(order.id, () => this.#record(order, session, report)),
      this.#secretChanges.look(order, session, report.nonce),
    ];
    if (work.some(Boolean)) await settledWithin(Promise.all(work), MAX_RECORD_MS, clock);
    const token = await sessions.renewToken(order.id, session);
    const asked = await requests.requestsOf(order.id);
    return {
      renewInMs: nextRenewalInMs(order, clock.monotonic()),
      ...(token !== undefined && { token }),
      ...(asked.length > 0 && { requests: asked }),
    };
  }

  /** Returns the runner's own files: a node that has them already does not ask. */
  runner({ order }: TakenOrder): RunnerContent {
    return runnerContent(order.executable);
  }

  /** Says why the engine asks a supervisor to end. */
  async stopping({ order }: TakenOrder): Promise<Record<string, unknown>> {
    const session = await this.#parts.sessions.read(order.id);
    return { reason: session?.stopReason ?? "" };
  }

  /** Records the end of a program, and releases its lease: nothing of it lives any more. */
  async end({ order }: TakenOrder, { isStateStored = false, ...facts }: EndFacts): Promise<void> {
    const { sessions, leases, clock, usage, states } = this.#parts;
    const at = new Date(clock.now()).toISOString();
    if (isStateStored) await states.stored(order);
    await sessions.update(
      order.id,
      (session) => session.end ? session : { ...session, end: { ...facts, at } },
    );
    await leases.release(order.lease);
    usage.forget(order.id);
  }

  /** Takes the result of a program. @throws {ApiProblem} 410 if its lease is over: another copy may have a newer one. */
  async takeResult({ order }: TakenOrder, body: ReadableStream<Uint8Array> | null): Promise<void> {
    await this.#requireLease(order);
    await this.#parts.uploads.takeResult(order, body);
  }

  /** Names a snapshot. @throws {ApiProblem} 410 if the lease is over, 409 if the program keeps no state. */
  async openSnapshot({ order }: TakenOrder): Promise<Record<string, unknown>> {
    requireState(order);
    await this.#requireLease(order);
    return { ...await this.#parts.states.open(order) };
  }

  /** Takes the archive of a snapshot where the object store has no addresses, or the node does not reach it. */
  async takeSnapshot(
    { order }: TakenOrder,
    name: string,
    body: ReadableStream<Uint8Array> | null,
  ): Promise<void> {
    requireState(order);
    await this.#requireLease(order);
    await this.#parts.uploads.takeSnapshot(order, name, body);
  }

  /** Completes a snapshot. @throws {ApiProblem} 410 if the lease is over: the state has a newer history by then. */
  async closeSnapshot({ order }: TakenOrder, name: string, facts: SnapshotFacts): Promise<void> {
    requireState(order);
    await this.#requireLease(order);
    await this.#parts.states.close(order, name, facts);
  }

  /** Reads an object of an order. @throws {ApiProblem} 404 if the order has none of this name. */
  async object(
    { order }: TakenOrder,
    name: string,
    signal: AbortSignal,
  ): Promise<{ readonly body: ReadableStream<Uint8Array>; readonly size: number }> {
    const { store, codeBucket, states } = this.#parts;
    const [kind, snapshot] = name.split("/");
    const place = snapshot === undefined
      ? objectsOf(order, codeBucket).get(kind!)
      : states.placeOf(order.executable.id, snapshot);
    if (!place) throw new ApiProblem(404, "route/not-found", `The order has no ${kind}.`);
    return await store.get(place.bucket, place.key, { signal });
  }

  async #requireLease({ lease }: WorkOrder, options?: RenewLeaseOptions): Promise<void> {
    if (!await this.#parts.leases.renew(lease, options)) throw over();
  }

  async #record(order: WorkOrder, session: StoredSession, { ranForMs, state }: RenewBody): Promise<void> {
    const { sessions, states, clock } = this.#parts;
    if (state && !session.state) await states.begun(order, session.node, state.restore);
    const startedAt = new Date(clock.now() - (ranForMs ?? 0)).toISOString();
    await sessions.started(order.id, {
      ...(state && { state }),
      ...(ranForMs !== undefined && { startedAt }),
    });
  }
}

/** Whether a report says something that the session does not. */
function hasNews({ ranForMs, state }: RenewBody, session: StoredSession): boolean {
  return (state !== undefined && !session.state) ||
    (ranForMs !== undefined && session.startedAt === undefined);
}

function requireState({ executable: { state } }: WorkOrder): void {
  if (!state) throw new ApiProblem(409, "supervisor/no-state", "This program keeps no state.");
}

function refused(): ApiProblem {
  return new ApiProblem(401, "supervisor/token", "The token is of no order, or over.");
}

function over(): ApiProblem {
  return new ApiProblem(410, "supervisor/lease", "The lease is no longer held: another copy may live.");
}

function toFailedDependency(error: unknown): never {
  const { code, message } = error as { readonly code?: string; readonly message: string };
  if (code !== "secret/unavailable") throw error;
  throw new ApiProblem(424, code, message);
}
