/**
 * Reaches supervisors through the database, and through what this process has heard of them.
 *
 * @module
 */

import { leaseTimes } from "../../lib/cluster/cluster_leases.ts";
import type { NewestState, SupervisorLink, SupervisorSession } from "../../lib/cluster/supervisor_link.ts";
import type { WorkOrder, WorkOrders } from "../../lib/cluster/work_orders.ts";
import type {
  CommandOutcome,
  ContainerUsage,
  CopyFromContainerOptions,
  EngineCallOptions,
  RunCommandOptions,
} from "../../lib/engine/container_orchestrator.ts";
import { ContainerFileError, ContainerNotFoundError, ObjectNotFoundError } from "../../lib/errors.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import { StateError } from "../../lib/state/state_error.ts";
import type { CarriedStates } from "./carried_states.ts";
import type { RequestBox } from "./request_box.ts";
import { resultPlace } from "./result_place.ts";
import type { SessionBook, StoredSession } from "./session_book.ts";
import type { UsageReports } from "./usage_reports.ts";

/** How much longer than its own time an answer may take, in ms. */
const PATIENCE_MS = 10_000;
/** How long a snapshot may take, in ms. */
const SNAPSHOT_MS = 10 * 60_000;

/** Parts of a {@linkcode SupervisorRecordsLink}. */
export interface LinkParts {
  /** The orders. */
  readonly orders: WorkOrders;
  /** The sessions. */
  readonly sessions: SessionBook;
  /** Requests to supervisors. */
  readonly requests: RequestBox;
  /** Resources that containers use. */
  readonly usage: UsageReports;
  /** The states. */
  readonly states: Pick<CarriedStates, "newest">;
  /** The object store. */
  readonly store: ObjectStore;
  /** Bucket of the results. */
  readonly bucket: string;
}

/** See {@linkcode SupervisorLink} for what each method promises. */
export class SupervisorRecordsLink implements SupervisorLink {
  readonly #parts: LinkParts;

  /** @param parts See {@linkcode LinkParts}. */
  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** {@inheritDoc SupervisorLink.session} */
  async session(order: string, options: EngineCallOptions = {}): Promise<SupervisorSession | undefined> {
    const session = await this.#parts.sessions.read(order, options);
    return session && publicSession(order, session);
  }

  /** {@inheritDoc SupervisorLink.tellStop} */
  async tellStop(order: string, reason: string): Promise<void> {
    await this.#parts.sessions.update(order, (session) => ({ ...session, stopReason: reason }));
  }

  /** {@inheritDoc SupervisorLink.usage} */
  async usage(order: string): Promise<ContainerUsage | undefined> {
    return await this.#parts.usage.of(order);
  }

  /** {@inheritDoc SupervisorLink.runCommand} */
  async runCommand(order: string, options: RunCommandOptions): Promise<CommandOutcome> {
    const { command, env = {}, timeoutMs, maxOutputBytes, signal } = options;
    const { lease } = await this.#running(order, options);
    const limitMs = 2 * leaseTimes(lease.leaseSeconds).renewEveryMs + timeoutMs + PATIENCE_MS;
    const request = { kind: "command", command, env, timeoutMs, maxOutputBytes } as const;
    const { end, exitCode, output } = await this.#parts.requests.ask(order, request, { limitMs, signal });
    if (end === "timed-out" || end === "flooded") return { end, output };
    return { end: "exited", output, ...(exitCode !== undefined && { exitCode }) };
  }

  /** {@inheritDoc SupervisorLink.snapshot} */
  async snapshot(order: string, options: EngineCallOptions = {}): Promise<string> {
    await this.#running(order, options);
    const { end, output } = await this.#parts.requests.ask(order, { kind: "snapshot" }, {
      limitMs: SNAPSHOT_MS,
      signal: options.signal,
    });
    if (end === "done") return output;
    throw new StateError("changing", `No snapshot was made: ${output}`);
  }

  /** {@inheritDoc SupervisorLink.newestState} */
  newestState(bot: string, options: EngineCallOptions = {}): Promise<NewestState | undefined> {
    return this.#parts.states.newest(bot, options);
  }

  /** {@inheritDoc SupervisorLink.result} */
  async result(id: string, { maxBytes, signal }: CopyFromContainerOptions): Promise<Uint8Array> {
    const { orders, store, bucket } = this.#parts;
    const order = await orders.get(id, { signal });
    const missing = () =>
      new ContainerFileError("missing", `It left no result.json that its supervisor could read.`);
    if (!order) throw missing();
    const content = await store.get(bucket, resultPlace(order), { signal }).catch((error) => {
      throw error instanceof ObjectNotFoundError ? missing() : error;
    });
    if (content.size > maxBytes) {
      await content.body.cancel();
      throw new ContainerFileError("too-large", `Its result.json has ${content.size} bytes.`);
    }
    return new Uint8Array(await new Response(content.body).arrayBuffer());
  }

  async #running(id: string, { signal }: EngineCallOptions): Promise<WorkOrder> {
    const { orders, sessions } = this.#parts;
    const [order, session] = await Promise.all([
      orders.get(id, { signal }),
      sessions.read(id, signal ? { signal } : {}),
    ]);
    if (!order || !session || session.end) throw new ContainerNotFoundError(id);
    return order;
  }
}

function publicSession(
  order: string,
  { nonceHash: _nonce, tokens: _tokens, secretsHash: _hash, stopReason: _reason, ...session }: StoredSession,
): SupervisorSession {
  return { order, ...session };
}
