import assert from "node:assert/strict";
import type { ContainerInfo } from "../../../../lib/engine/container_orchestrator.ts";
import { ContainerNotFoundError } from "../../../../lib/errors.ts";
import { LogReader, type ReadLogsOptions } from "../../../../lib/logs/log_reader.ts";
import { FolderObjectStore } from "../../../../lib/objects/folder/folder_object_store.ts";

const BUCKET = "bot-logs";
const OBJECT = "logs/bot/20260202.log";

function stored(from: number, to: number): Uint8Array<ArrayBuffer> {
  const lines = Array.from(
    { length: to - from },
    (_, index) =>
      `{"timestamp":"2026-02-02T00:00:00.${100 + from + index}Z","stream":"stdout","message":"${
        from + index
      }"}\n`,
  );
  return new TextEncoder().encode(lines.join(""));
}

/** A container that ended: of its ten lines, three are stored when it is listed, and all when it is removed. */
class RemovedMeanwhile implements AsyncDisposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly #store = new FolderObjectStore(this.#folder);
  #lists = 0;

  /**
   * @param goesAt When the container goes: after this many lists, or while its log is read.
   * @param phase Its phase.
   * @param storedBefore How many of its lines are stored at first.
   */
  constructor(
    readonly goesAt: number | "read",
    readonly phase: ContainerInfo["phase"],
    readonly storedBefore = 3,
  ) {}

  async read(options: ReadLogsOptions): Promise<string[]> {
    await this.#store.ensureBucket(BUCKET);
    await this.#store.put(BUCKET, OBJECT, stored(0, this.storedBefore));
    const info = {
      id: "c1",
      name: "bot",
      image: "",
      phase: this.phase,
      createdAt: new Date(0),
    } as ContainerInfo;
    const remove = () => this.#store.put(BUCKET, OBJECT, stored(0, 10));
    let isGone = false;
    const goes = async () => {
      if (!isGone) await remove();
      isGone = true;
    };
    const { goesAt } = this;
    const reader = new LogReader({
      store: this.#store,
      bucket: BUCKET,
      labelsOf: () => ({}),
      orchestrator: {
        listContainers: async () => {
          if (this.#lists++ === goesAt) await goes();
          return isGone ? [] : [{ ...info, labels: {} }];
        },
        async *readLog(container) {
          if (goesAt === "read") await goes();
          if (isGone) throw new ContainerNotFoundError(container);
          if (isGone) yield [];
        },
      },
    });
    const texts: string[] = [];
    const ending = new AbortController();
    for await (const { text } of reader.read("bot", { ...options, signal: ending.signal })) {
      texts.push(text);
      if (options.follow && text === "9") ending.abort();
    }
    return texts;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.#folder, { recursive: true });
  }
}

const ALL = Array.from({ length: 10 }, (_, index) => String(index));

for (const follow of [false, true]) {
  Deno.test(`LogReader misses no line of a container that is removed while it is read, follow: ${follow}`, async () => {
    for (const [tail, wanted] of [[undefined, ALL], [4, ALL.slice(-4)]] as const) {
      await using world = new RemovedMeanwhile("read", "exited");
      const options = { follow, ...(tail !== undefined && { tail }) };
      assert.deepEqual(await world.read(options), wanted, `tail ${tail}`);
    }
  });
}

Deno.test("LogReader misses no line of a container that ends and is removed between two looks", async () => {
  await using world = new RemovedMeanwhile(2, "running");
  assert.deepEqual(await world.read({ follow: true }), ALL);
});

for (const exactPositions of [true, false]) {
  Deno.test(`LogReader repeats no line of a tail whose container goes meanwhile, exact positions: ${exactPositions}`, async () => {
    for (const tail of [0, 1, 5, 7, 9, 20]) {
      await using world = new RemovedMeanwhile("read", "exited", 9);
      const wanted = tail === 0 ? [] : ALL.slice(-tail);
      assert.deepEqual(await world.read({ tail, exactPositions }), wanted, `tail ${tail}`);
    }
  });
}
