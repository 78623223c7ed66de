import assert from "node:assert/strict";
import { LastDocuments } from "../../../../services/bots/last_documents.ts";
import { type BotDocument, StoreUnavailableError } from "../../../../services/documents/bot_repository.ts";

const { signal } = new AbortController();
const document = { id: "one" } as unknown as BotDocument;

Deno.test("LastDocuments gives what was read last when the database fails or hangs, and only then", async () => {
  let answer: (options?: { signal?: AbortSignal }) => Promise<BotDocument | undefined> = () =>
    Promise.resolve(document);
  const documents = new LastDocuments({ get: (_id, options) => answer(options) });
  assert.deepEqual(await documents.read("one", signal), { document });

  const down = new StoreUnavailableError("down");
  answer = () => Promise.reject(down);
  await assert.rejects(documents.read("one", signal), down, "nothing was read before");
  documents.keep("one", document);
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

  documents.keep("one", undefined);
  answer = () => Promise.reject(down);
  await assert.rejects(documents.read("one", signal), down, "the bot is not to run any more");
});

Deno.test("LastDocuments gives up with its caller", async () => {
  const documents = new LastDocuments({ get: (_id, options) => Promise.reject(options?.signal?.reason) });
  documents.keep("one", document);
  const reason = new Error("the service ends");
  await assert.rejects(documents.read("one", AbortSignal.abort(reason)), reason);
});
