/**
 * The sessions of supervisors: who has taken up which order, and what it reported.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { SupervisorSession } from "../../lib/cluster/supervisor_link.ts";
import type { WorkOrder } from "../../lib/cluster/work_orders.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { RecordStore, StoredRecord } from "../records/record_store.ts";
import { hashOfToken, newToken, orderOfToken } from "./supervisor_token.ts";

const SESSIONS = "supervisor_sessions";
/** The starts of the programs. Each is inserted: to change its session would make some databases search all sessions. */
const STARTS = "supervisor_starts";
const KIND = "bs";
/** How long a token is valid, in ms. Hosts of several Berths may disagree on the time by less. */
const TOKEN_MS = 30 * 60_000;
/** How old a known session may be, in ms: by then every process knows that an order was removed. */
const FRESH_MS = 30_000;
/** How old it may be if something else proves that the order is not over, in ms: its token is renewed sooner. */
const OLD_MS = TOKEN_MS / 2;
/** How often an unknown token makes Berth read a session again, in ms. */
const REREAD_MS = 1000;
const MAX_KNOWN = 10_000;

interface Token {
  readonly hash: string;
  readonly endsAt: number;
}

/** A session as it is stored. */
export interface StoredSession extends Omit<SupervisorSession, "order"> {
  /** Hash of the secret with which its supervisor may take the order up again. */
  readonly nonceHash: string;
  /** Name of the node. */
  readonly node: string;
  /** Hash of the secrets that it was given, under the supervisor's own secret. */
  readonly secretsHash?: string;
  /** Why Berth stops it. */
  readonly stopReason?: string;
  /** The valid tokens. */
  readonly tokens: readonly Token[];
}

/** Facts about the start of a program. */
export type StartFacts = Pick<StoredSession, "startedAt" | "state">;

/** The container that takes an order. */
export interface Taker {
  /** Id of the task. */
  readonly task: string;
  /** Name of the node. */
  readonly node: string;
  /** Secret of the supervisor. */
  readonly nonce: string;
}

interface Known {
  readonly session: StoredSession;
  readonly readAt: number;
}

/** Options of {@linkcode SessionBook.verify}. */
export interface VerifyOptions {
  /** Whether something else proves that the order is not over, so that the session need not be fresh. @default {false} */
  readonly canBeOld?: boolean;
}

/** The sessions in the database. A check of a token that was seen before reads nothing. */
export class SessionBook {
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #known = new LRUCache<string, Known>({ max: MAX_KNOWN });

  /** @param records The database. @param clock The clock. */
  constructor(records: RecordStore, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  /**
   * Takes an order up, once. The same supervisor may repeat the call.
   *
   * @param order The order.
   * @param taker The process that takes it up.
   * @param facts The facts to store besides.
   * @returns A new token; `undefined` if another supervisor has taken it up, or the program has ended.
   */
  async begin(
    { id }: WorkOrder,
    { task, node, nonce }: Taker,
    facts: Pick<StoredSession, "secretsHash">,
  ): Promise<string | undefined> {
    const nonceHash = hashOfToken(nonce);
    const token = this.#newToken(id);
    const begun: StoredSession = {
      ...facts,
      task,
      node,
      nonceHash,
      begunAt: this.#now(),
      tokens: [token.stored],
    };
    if (await this.#records.insert(SESSIONS, id, { ...begun })) {
      this.#remember(id, begun);
      return token.value;
    }
    let isOurs = false;
    await this.update(id, (session) => {
      isOurs = session.task === task && session.nonceHash === nonceHash && !session.end;
      return isOurs
        ? { ...session, ...facts, tokens: this.#valid([...session.tokens, token.stored]) }
        : session;
    });
    return isOurs ? token.value : undefined;
  }

  /**
   * Finds the session of a token.
   *
   * @param value The token, of any form.
   * @param options See {@linkcode VerifyOptions}.
   * @returns The id of its order and the session; `undefined` if the token is wrong, over, or of a removed order.
   */
  async verify(
    value: string,
    { canBeOld = false }: VerifyOptions = {},
  ): Promise<{ readonly order: string; readonly session: StoredSession } | undefined> {
    const order = orderOfToken(KIND, value);
    if (order === undefined) return undefined;
    const hash = hashOfToken(value);
    const isIn = ({ tokens }: StoredSession) =>
      tokens.some((token) => token.hash === hash && token.endsAt > this.#clock.now());
    const known = this.#known.get(order);
    const age = known ? this.#clock.monotonic() - known.readAt : Infinity;
    const freshMs = canBeOld ? OLD_MS : FRESH_MS;
    if (known && age < (isIn(known.session) ? freshMs : REREAD_MS)) {
      return isIn(known.session) ? { order, session: known.session } : undefined;
    }
    // Only the session is read: the start does not decide whether the token is valid.
    const { startedAt, state } = known?.session ?? {};
    const start = { ...(startedAt !== undefined && { startedAt }), ...(state && { state }) };
    const session = this.#keep(order, await this.#records.get(SESSIONS, order), start);
    return session && isIn(session) ? { order, session } : undefined;
  }

  /** Makes a further token once the newest one is half over. @returns It; `undefined` if there is no need. */
  async renewToken(order: string, session: StoredSession): Promise<string | undefined> {
    const newest = Math.max(...session.tokens.map(({ endsAt }) => endsAt));
    if (newest - this.#clock.now() > TOKEN_MS / 2) return undefined;
    const token = this.#newToken(order);
    const updated = await this.update(order, (session) => ({
      ...session,
      tokens: this.#valid([...session.tokens, token.stored]),
    }));
    return updated && token.value;
  }

  /** Reads a session; `undefined` if there is none. @param order Id of its order. */
  async read(
    order: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<StoredSession | undefined> {
    return (await this.#read(order, options)).session;
  }

  /** Notes the start of a program; facts that are there already stay. @param order Id of its order. */
  async started(order: string, facts: StartFacts): Promise<void> {
    while (!await this.#records.insert(STARTS, order, { ...facts })) {
      const record = await this.#records.get(STARTS, order);
      if (!record) continue;
      const isKnown = Object.keys(facts).every((name) => name in record.value);
      if (isKnown) break;
      const next = { ...facts, ...record.value };
      if (await this.#records.replace(STARTS, order, record.revision, next)) break;
    }
    const known = this.#known.get(order);
    if (known) this.#known.set(order, { ...known, session: { ...facts, ...known.session } });
    // The order was removed while its last renewal was under way.
    else if (!await this.#records.get(SESSIONS, order)) await this.#records.delete(STARTS, order);
  }

  /**
   * Changes a session.
   *
   * @param order Id of its order.
   * @param change Returns the new session, or the same one to leave it.
   * @returns The session; `undefined` if there is none.
   */
  async update(
    order: string,
    change: (session: StoredSession) => StoredSession,
  ): Promise<StoredSession | undefined> {
    while (true) {
      const { record, session } = await this.#read(order);
      if (!record || !session) return undefined;
      const next = change(session);
      if (next === session) return session;
      if (!await this.#records.replace(SESSIONS, order, record.revision, { ...next })) continue;
      this.#remember(order, next);
      return next;
    }
  }

  /** Removes a session. @param order Id of its order. */
  async remove(order: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    this.#known.delete(order);
    await Promise.all([SESSIONS, STARTS].map((kind) => this.#records.delete(kind, order, options)));
  }

  async #read(
    order: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly record?: StoredRecord; readonly session?: StoredSession }> {
    const [record, start] = await Promise.all(
      [SESSIONS, STARTS].map((kind) => this.#records.get(kind, order, options)),
    );
    const session = this.#keep(order, record, start?.value);
    return record && session ? { record, session } : {};
  }

  #keep(order: string, record: StoredRecord | undefined, start: StartFacts = {}): StoredSession | undefined {
    if (!record) {
      this.#known.delete(order);
      return undefined;
    }
    const session = sessionOf(record.value, start);
    this.#remember(order, session);
    return session;
  }

  #remember(order: string, session: StoredSession): void {
    this.#known.set(order, { session, readAt: this.#clock.monotonic() });
  }

  #newToken(order: string): { readonly value: string; readonly stored: Token } {
    const value = newToken(KIND, order);
    return { value, stored: { hash: hashOfToken(value), endsAt: this.#clock.now() + TOKEN_MS } };
  }

  #valid(tokens: readonly Token[]): Token[] {
    return tokens.filter(({ endsAt }) => endsAt > this.#clock.now()).slice(-4);
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

function sessionOf(session: StoredRecord["value"], start: StartFacts = {}): StoredSession {
  return { ...start, ...session } as unknown as StoredSession;
}
