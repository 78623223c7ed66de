import assert from "node:assert/strict";
import { systemClock } from "../../../../lib/util/clock.ts";
import { pause } from "../../../support/until.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { BotTable } from "../../../../services/bots/bot_table.ts";
import { DocumentReader } from "../../../../services/bots/document_reader.ts";
import {
  type BotDocument,
  type RepositoryCallOptions,
  StoreUnavailableError,
} from "../../../../services/documents/bot_repository.ts";

const { signal } = new AbortController();
const document = { id: "one" } as unknown as BotDocument;

Deno.test("DocumentReader falls back to the last document when the database fails or hangs, and only then", async () => {
  let answer: (options?: RepositoryCallOptions) => Promise<BotDocument | undefined> = () =>
    Promise.resolve(document);
  const bots = new BotTable();
  const repository = { get: (_id: string, options?: RepositoryCallOptions) => answer(options) };
  const documents = new DocumentReader({ repository, bots, clock: systemClock });
  assert.deepEqual(await documents.read("one", signal), { document });

  const down = new StoreUnavailableError("down");
  answer = () => Promise.reject(down);
  assert.deepEqual(await documents.read("one", signal), { document: undefined, problem: down });
  bots.update("one", { lastDocument: document });
  assert.deepEqual(await documents.read("one", signal), { document, problem: down });

  answer = (options) =>
    new Promise((_, reject) =>
      options?.signal?.addEventListener("abort", () => reject(options.signal!.reason))
    );
  const begin = performance.now();
  const { document: last, problem } = await documents.read("one", signal);
  assert.equal(last, document);
  assert.ok(problem !== undefined && performance.now() - begin < 5_000);

  const refused = new Error("a mistake of ours");
  answer = () => Promise.reject(refused);
  await assert.rejects(documents.read("one", signal), refused);

  bots.clear("one", "lastDocument");
  answer = () => Promise.reject(down);
  assert.deepEqual(await documents.read("one", signal), { document: undefined, problem: down });
});

Deno.test("DocumentReader gives up with its caller", async () => {
  const bots = new BotTable();
  const get = (_id: string, options?: RepositoryCallOptions) => Promise.reject(options?.signal?.reason);
  const documents = new DocumentReader({ repository: { get }, bots, clock: systemClock });
  bots.update("one", { lastDocument: document });
  const reason = new Error("the service ends");
  await assert.rejects(documents.read("one", AbortSignal.abort(reason)), reason);
});

Deno.test("DocumentReader reads from a database that is only slow again, however often it is asked meanwhile", async () => {
  const bots = new BotTable();
  bots.update("one", { lastDocument: document });
  const clock = new FakeClock();
  const limits: AbortSignal[] = [];
  let answers = false;
  const get = (_id: string, options?: RepositoryCallOptions) => {
    limits.push(options!.signal!);
    return new Promise<BotDocument>((resolve, reject) => {
      options!.signal!.addEventListener("abort", () => reject(options!.signal!.reason));
      if (answers) {
        void pause(400, "slower than the short limit, faster than the long one").then(() =>
          resolve(document)
        );
      }
    });
  };
  const documents = new DocumentReader({ repository: { get }, bots, clock });
  assert.notEqual((await documents.read("one", signal)).problem, undefined);
  answers = true;
  for (const _ of [1, 2]) {
    await clock.advance(4_000);
    assert.notEqual(
      (await documents.read("one", signal)).problem,
      undefined,
      "the limit is short for a while",
    );
  }
  await clock.advance(4_000);
  assert.deepEqual(await documents.read("one", signal), { document });
});
