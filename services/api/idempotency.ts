/**
 * Gives a repeated POST with the same `Idempotency-Key` the answer that the first one got.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { parseExactJson, stringifyExactJson } from "../../lib/util/exact_json.ts";
import { type OperationId, OPERATIONS } from "../contract/operations.ts";
import type { RecordStore, StoredRecord } from "../records/record_store.ts";
import { ApiProblem } from "./api_problem.ts";
import type { ApiRequest, ApiResponse } from "./handlers.ts";
import type { Around } from "./operation_routes.ts";

const COLLECTION = "idempotency";
/** How long an answer is kept, in ms. */
const KEPT_MS = 24 * 3_600_000;
/** How often old answers are removed, in ms; only while new ones come. */
const TRIM_MS = 3_600_000;
/** Their answers hold a secret, which is not stored. */
const SHOWN_ONCE: ReadonlySet<OperationId> = new Set(["createToken", "createLoginCode"]);

type Answer = ApiResponse<unknown> | Response;

/** The answers by key. A failed request did nothing, so its key stays free. */
export class Idempotency {
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #log = getLogger(["berth", "api"]);
  readonly #running = new Map<string, Promise<unknown>>();
  #trimmedAt = -Infinity;

  /** @param records The database. @param clock The clock. */
  constructor(records: RecordStore, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  /** Answers a repeated request without running its handler. */
  readonly around: Around = async (operation, request, next) => {
    const key = request.header("idempotency-key");
    if (key === undefined || OPERATIONS[operation].method !== "POST") return await next();
    if (!/^[\x21-\x7e]{1,200}$/.test(key)) {
      throw new ApiProblem(
        400,
        "request/invalid",
        "Idempotency-Key must be 1 to 200 visible ASCII characters.",
        {
          issues: [{ path: "header.idempotency-key", message: "must be 1 to 200 visible ASCII characters" }],
        },
      );
    }
    const id = hashOf([callerOf(request), key]);
    const fingerprint = fingerprintOf(operation, request);
    while (true) {
      const first = this.#running.get(id);
      if (first) {
        await first;
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#running.set(id, promise);
      try {
        return await this.#run(id, fingerprint, operation, next);
      } finally {
        this.#running.delete(id);
        resolve();
      }
    }
  };

  async #run(
    id: string,
    fingerprint: string,
    operation: OperationId,
    next: () => Promise<Answer>,
  ): Promise<Answer> {
    const at = this.#clock.now();
    while (!await this.#records.insert(COLLECTION, id, { at, fingerprint })) {
      const earlier = await this.#records.get(COLLECTION, id);
      if (!earlier) continue;
      if (at - Number(earlier.value.at) < KEPT_MS) return replay(earlier, fingerprint);
      await this.#records.delete(COLLECTION, id);
    }
    let answer: Answer;
    try {
      answer = await next();
    } catch (error) {
      await this.#records.delete(COLLECTION, id);
      throw error;
    }
    await this.#keep(id, { at, fingerprint }, operation, answer);
    return answer;
  }

  async #keep(id: string, record: StoredRecord["value"], operation: OperationId, answer: Answer) {
    try {
      const { status, body, headers } = answer as ApiResponse<unknown>;
      const kept = answer instanceof Response || SHOWN_ONCE.has(operation) ? {} : {
        ...(status !== undefined && { status }),
        ...(body !== undefined && { body: stringifyExactJson(body) }),
        ...(headers && { headers }),
      };
      const isReplayable = !(answer instanceof Response || SHOWN_ONCE.has(operation));
      await this.#records.replace(COLLECTION, id, 1, { ...record, ...kept, isDone: true, isReplayable });
      await this.#trim();
    } catch (error) {
      // The change is made. The answer to a repetition says that the outcome is unknown.
      this.#log.warn("answer not kept for its Idempotency-Key", { operation, problem: messageOf(error) });
    }
  }

  async #trim(): Promise<void> {
    const now = this.#clock.now();
    if (now - this.#trimmedAt < TRIM_MS) return;
    this.#trimmedAt = now;
    let after: string | undefined;
    while (true) {
      const batch = await this.#records.list(COLLECTION, {
        limit: 500,
        ...(after !== undefined && { after }),
      });
      for (const { id, value } of batch) {
        if (now - Number(value.at) >= KEPT_MS) await this.#records.delete(COLLECTION, id);
      }
      if (batch.length < 500) return;
      after = batch.at(-1)!.id;
    }
  }
}

function replay({ value }: StoredRecord, fingerprint: string): Answer {
  if (value.fingerprint !== fingerprint) {
    throw new ApiProblem(
      422,
      "idempotency/other-request",
      "The Idempotency-Key belongs to another request.",
      {
        advice: "Use a new key for each request, and the same one only to repeat it.",
      },
    );
  }
  if (value.isDone !== true) {
    throw new ApiProblem(409, "idempotency/unknown", "The outcome of the first request is not known.", {
      advice: "Check what it was to change, then repeat it with a new key.",
      headers: { "retry-after": "1" },
    });
  }
  if (value.isReplayable !== true) {
    throw new ApiProblem(
      409,
      "idempotency/shown-once",
      "The first request succeeded; its answer is not kept.",
      {
        advice: "Look at what it has changed.",
      },
    );
  }
  return {
    ...(value.status !== undefined && { status: Number(value.status) }),
    ...(value.body !== undefined && { body: parseExactJson(String(value.body)) }),
    headers: { ...(value.headers as Record<string, string> | undefined), "idempotency-replayed": "true" },
  };
}

function callerOf({ caller: { name, tokenId, sessionId } }: Pick<ApiRequest<OperationId>, "caller">): string {
  return tokenId ?? sessionId ?? name;
}

/** A body of bytes is known by its size alone. */
function fingerprintOf(operation: OperationId, request: ApiRequest<OperationId>): string {
  const { params, query, body } = request as unknown as Record<string, unknown>;
  const content = body instanceof ReadableStream ? request.header("content-length") : body;
  return hashOf([operation, params, query, content, request.header("if-match")]);
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(stringifyExactJson(value)).digest("hex");
}
