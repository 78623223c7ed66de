/**
 * Takes what supervisors send: results, and archives of snapshots.
 *
 * @module
 */

import type { z } from "zod";
import type { WorkOrder } from "../../lib/cluster/work_orders.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import { redactJson } from "../../lib/secrets/redact_json.ts";
import { ValueRedactor } from "../../lib/secrets/redactor.ts";
import { Limiter } from "../../lib/util/limiter.ts";
import { unlessMissing } from "../../lib/util/files.ts";
import { ApiProblem } from "../api/api_problem.ts";
import { chunksOf } from "../api/read_body.ts";
import { MAX_RESULT_BYTES } from "./begin_answer.ts";
import type { CarriedStates } from "./carried_states.ts";
import { resultPlace } from "./result_place.ts";
import type { endBody } from "./supervisor_messages.ts";

/** Longest first line of a result, which holds the values to hide, in bytes. */
const MAX_HEAD_BYTES = 1024 * 1024;
/** How long a body may take, in ms. */
const MAX_BODY_MS = 15 * 60_000;
/** Number of results in memory at the same time. */
const CONCURRENCY = 2;
/** How much larger than its limit a state may be and still become a snapshot, packed. */
const STATE_TOLERANCE = 2;

/** How a program ended. */
export type EndFacts = z.infer<typeof endBody>;

/** Parts of {@linkcode Uploads}. */
export interface UploadsParts {
  /** The object store. */
  readonly store: ObjectStore;
  /** Bucket of the results. */
  readonly resultsBucket: string;
  /** The states. */
  readonly states: CarriedStates;
  /** Absolute path of the folder for uploads under way. */
  readonly folder: string;
}

/** Takes uploads within bounds. */
export class Uploads {
  readonly #parts: UploadsParts;
  readonly #results = new Limiter(CONCURRENCY);

  /** @param parts See {@linkcode UploadsParts}. */
  constructor(parts: UploadsParts) {
    this.#parts = parts;
  }

  /**
   * Stores a result for the runner, without the secrets of its program: those that the program was given stand in its
   * first line, as a JSON array.
   *
   * @param order The order.
   * @param body The first line, and the bytes of the result.
   */
  async takeResult(order: WorkOrder, body: ReadableStream<Uint8Array> | null): Promise<void> {
    const { store, resultsBucket } = this.#parts;
    await this.#results.run(async () => {
      const whole = await readBytes(body, MAX_RESULT_BYTES + MAX_HEAD_BYTES);
      const end = whole.indexOf(0x0a);
      const redactor = new ValueRedactor(valuesOf(whole.subarray(0, Math.max(end, 0))));
      const bytes = whole.subarray(end + 1);
      const shown = redactor.isEmpty ? bytes : redactJson(bytes, redactor);
      await store.ensureBucket(resultsBucket);
      await store.put(resultsBucket, resultPlace(order), shown, { contentType: "application/json" });
    });
  }

  /** Stores the archive of a snapshot. @param order The order. @param name Its name. @param body The archive. */
  async takeSnapshot(
    order: WorkOrder,
    name: string,
    body: ReadableStream<Uint8Array> | null,
  ): Promise<void> {
    const { store, states, folder } = this.#parts;
    states.checkName(name);
    const { bucket, key } = states.placeOf(order.executable.id, name);
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const path = `${folder}/${crypto.randomUUID()}`;
    try {
      {
        using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
        const maxBytes = STATE_TOLERANCE * order.executable.state!.maxBytes;
        for await (const chunk of bounded(body, maxBytes)) {
          for (let done = 0; done < chunk.length;) done += await file.write(chunk.subarray(done));
        }
      }
      await store.putFile(bucket, key, path, { contentType: "application/gzip" });
    } finally {
      await unlessMissing(Deno.remove(path));
    }
  }

  /** Removes the result of an order. @param order The order. */
  async discard(order: WorkOrder, options: { readonly signal?: AbortSignal }): Promise<void> {
    await this.#parts.store.delete(this.#parts.resultsBucket, resultPlace(order), options);
  }
}

function valuesOf(line: Uint8Array): string[] {
  try {
    const values: unknown = JSON.parse(new TextDecoder().decode(line));
    if (Array.isArray(values) && values.every((value) => typeof value === "string")) return values;
  } catch {
    // See below.
  }
  throw new ApiProblem(400, "request/invalid", "The first line of a result is a JSON array of strings.");
}

async function readBytes(body: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of bounded(body, maxBytes)) chunks.push(chunk);
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

async function* bounded(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const endsAt = performance.now() + MAX_BODY_MS;
  let size = 0;
  for await (const chunk of chunksOf(body)) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new ApiProblem(413, "request/too-large", `The body may have at most ${maxBytes} bytes.`);
    }
    if (performance.now() > endsAt) throw new ApiProblem(408, "request/timeout", "The body took too long.");
    yield chunk;
  }
}
