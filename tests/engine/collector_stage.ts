/**
 * A log collector on the real engine for one test, with a store that can be made slow, or refuses.
 *
 * @module
 */

import type { ContainerSpec } from "../../lib/engine/container_spec.ts";
import { FolderObjectStore } from "../../lib/objects/folder/folder_object_store.ts";
import {
  type CollectedContainer,
  LogCollector,
  type LogCollectorOptions,
} from "../../lib/logs/log_collector.ts";
import type { AppendObjectOptions, ObjectInfo } from "../../lib/objects/object_store.ts";
import { openEngine } from "./engine_support.ts";

/** A folder store whose writes can be made slow, or refused. */
export class FaultyStore extends FolderObjectStore {
  /** So long takes each write at least, in ms. */
  delayMs = 0;
  /** So many bytes are taken in a second. */
  bytesPerSecond = Infinity;
  /** Whether writes are refused. */
  isDown = false;
  readonly #recovered = Promise.withResolvers<void>();

  /** Is fast and takes everything from now on, also what waits. */
  recover(): void {
    this.delayMs = 0;
    this.isDown = false;
    this.bytesPerSecond = Infinity;
    this.#recovered.resolve();
  }

  override async append(
    bucket: string,
    key: string,
    body: Uint8Array,
    options?: AppendObjectOptions,
  ): Promise<ObjectInfo> {
    if (this.isDown) throw new Error("the store is down");
    const ms = this.delayMs + 1000 * body.length / this.bytesPerSecond;
    if (ms > 1) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      await Promise.race([
        new Promise((resolve) => timer = setTimeout(resolve, ms)),
        this.#recovered.promise,
      ]);
      clearTimeout(timer);
    }
    return await super.append(bucket, key, body, options);
  }
}

/**
 * Makes a collector with an engine and a store of its own. Disposing removes all of it.
 *
 * @param options Options of the collector that differ.
 */
export async function openCollector(options: Partial<LogCollectorOptions> = {}) {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  const engine = openEngine();
  const store = new FaultyStore(`${folder}/objects`);
  await store.ensureBucket("bot-logs");
  const collector = new LogCollector({
    orchestrator: engine.orchestrator,
    store,
    bucket: "bot-logs",
    intervalMs: 200,
    ...options,
  });
  return {
    engine,
    store,
    collector,
    /** Starts a Python program and collects what it prints, as the log of a bot. */
    start: async (
      id: string,
      program: string,
      changes: Partial<ContainerSpec> = {},
      how: Pick<CollectedContainer, "isNew"> = {},
    ) => {
      const spec = engine.spec(["python3", "-u", "-c", program], changes);
      const { id: containerId, createdAt } = await engine.orchestrator.createAndStart(spec);
      const container = { containerId, id, createdAt, ...how };
      collector.start(container);
      return container;
    },
    [Symbol.asyncDispose]: async () => {
      await collector.close();
      await engine[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
