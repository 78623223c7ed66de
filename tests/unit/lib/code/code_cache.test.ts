import assert from "node:assert/strict";
import { CodeCache } from "../../../../lib/code/code_cache.ts";
import type { CachedArchive } from "../../../../lib/code/list_archives.ts";
import {
  BerthError,
  InvalidArchiveError,
  ObjectNotFoundError,
  ObjectStoreError,
} from "../../../../lib/errors.ts";
import { FolderObjectStore } from "../../../../lib/objects/folder/folder_object_store.ts";
import type { ObjectContent, ObjectStore } from "../../../../lib/objects/object_store.ts";
import { settle } from "../../../support/fake_clock.ts";

const BUCKET = "custom-bots";

interface CacheOptions {
  readonly maxBytes?: number;
  readonly maxArchiveBytes?: number;
  readonly get?: ObjectStore["get"];
  readonly clock?: () => number;
}

class CacheFixture implements AsyncDisposable {
  readonly store: FolderObjectStore;
  /** Keys that were fetched, in order. */
  readonly fetched: string[] = [];
  readonly folder: string;
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
    this.store = new FolderObjectStore(`${root}/objects`);
    this.folder = `${root}/runtime/main/cache`;
  }

  static async open(): Promise<CacheFixture> {
    const fixture = new CacheFixture(await Deno.makeTempDir({ prefix: "berth-test-" }));
    await fixture.store.ensureBucket(BUCKET);
    return fixture;
  }

  /** A cache on the store; what `get` gives can be changed. */
  readonly cache = (
    { maxBytes = 1_000_000, maxArchiveBytes = 1_000_000, get, clock }: CacheOptions = {},
  ): CodeCache => {
    const { store, folder, fetched } = this;
    const counting: ObjectStore["get"] = (bucket, key, options) => {
      fetched.push(key);
      return (get ?? store.get.bind(store))(bucket, key, options);
    };
    const wrapped = new Proxy(store, {
      get: (target, name) => name === "get" ? counting : Reflect.get(target, name).bind(target),
    });
    return new CodeCache({ store: wrapped, folder, maxBytes, maxArchiveBytes, ...(clock && { clock }) });
  };

  readonly put = async (key: string, content: string | Uint8Array): Promise<void> => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await this.store.put(BUCKET, key, bytes);
  };

  readonly files = async (): Promise<string[]> =>
    (await Array.fromAsync(Deno.readDir(this.folder)).catch(() => [])).map(({ name }) => name)
      .filter((name) => name !== "versions.json").sort();

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#root, { recursive: true });
  }
}

function read(cache: CodeCache, key: string, signal?: AbortSignal): Promise<string> {
  return cache.use(BUCKET, key, ({ path }) => Deno.readTextFile(path), signal);
}

async function fileName(content: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(content));
  return `${new Uint8Array(digest).toHex()}.zip`;
}

/** A body that gives its first half, and the rest when it is told to. */
function halting(content: ObjectContent): { content: ObjectContent; half: Promise<void>; goOn(): void } {
  const half = Promise.withResolvers<void>();
  const rest = Promise.withResolvers<void>();
  const body = content.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      async transform(chunk, controller) {
        controller.enqueue(chunk.subarray(0, chunk.length >> 1));
        half.resolve();
        await rest.promise;
        controller.enqueue(chunk.subarray(chunk.length >> 1));
      },
    }),
  );
  return { content: { ...content, body }, half: half.promise, goOn: rest.resolve };
}

Deno.test("CodeCache fetches once for concurrent users and for later ones", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, fetched } = fixture;
  await put("a", "content");
  const codes = cache();
  assert.deepEqual(
    await Promise.all(Array.from({ length: 8 }, () => read(codes, "a"))),
    Array(8).fill("content"),
  );
  await read(codes, "a");
  assert.deepEqual(fetched, ["a"]);
});

Deno.test("CodeCache gives path, size and SHA-256", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, folder } = fixture;
  await put("a", "content");
  const given = await cache().use(BUCKET, "a", (archive: CachedArchive) => Promise.resolve(archive));
  const name = await fileName("content");
  assert.deepEqual(given, { path: `${folder}/${name}`, sha256: name.slice(0, 64), size: 7 });
});

Deno.test("CodeCache sees a changed object under the same key", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put } = fixture;
  const codes = cache();
  for (const content of ["one", "two", "one", "three"]) {
    await put("a", content);
    assert.equal(await read(codes, "a"), content);
  }
});

Deno.test("CodeCache is not misled by an object that changes between a look and its fetch", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, store } = fixture;
  // Like S3's, an ETag that comes back with the content.
  const infoOf = async (key: string) => {
    const { body, ...info } = await store.get(BUCKET, key);
    return { info, etag: await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).text() };
  };
  let change: (() => Promise<void>) | undefined = () => put("a", "new");
  const codes = cache({
    get: async (bucket, key) => {
      await change?.();
      change = undefined;
      return { ...(await store.get(bucket, key)), etag: (await infoOf(key)).etag };
    },
  });
  store.stat = async (_bucket, key) => {
    const { info, etag } = await infoOf(key);
    return { ...info, etag };
  };
  await put("a", "old");
  assert.equal(await read(codes, "a"), "new");
  await put("a", "old");
  assert.equal(await read(codes, "a"), "old");
});

Deno.test("CodeCache keeps one file for one content under two keys", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, files } = fixture;
  await put("a", "same");
  await put("b", "same");
  const codes = cache();
  assert.deepEqual([await read(codes, "a"), await read(codes, "b")], ["same", "same"]);
  assert.deepEqual(await files(), [await fileName("same")]);
});

Deno.test("CodeCache evicts the least recently used when it holds too many bytes", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, files, fetched } = fixture;
  const codes = cache({ maxBytes: 8 });
  for (const key of ["a", "b"]) await put(key, key.repeat(4));
  await read(codes, "a");
  await read(codes, "b");
  await read(codes, "a");
  await put("c", "cccc");
  await read(codes, "c");
  assert.deepEqual(await files(), [await fileName("aaaa"), await fileName("cccc")].sort());
  assert.equal(await read(codes, "b"), "bbbb");
  assert.deepEqual(fetched, ["a", "b", "c", "b"]);
});

Deno.test("CodeCache does not evict an archive in use, however large", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, files } = fixture;
  const codes = cache({ maxBytes: 4 });
  await put("a", "a".repeat(100));
  await put("b", "bbbb");
  await codes.use(BUCKET, "a", async ({ path }) => {
    await read(codes, "b");
    assert.equal((await Deno.readTextFile(path)).length, 100);
  });
  await read(codes, "b");
  assert.deepEqual(await files(), [await fileName("bbbb")]);
});

Deno.test("CodeCache under steady eviction gives every user the right content", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, files } = fixture;
  const codes = cache({ maxBytes: 40 });
  const contents = Array.from({ length: 12 }, (_, i) => `${i % 6}`.repeat(20));
  await Promise.all(contents.map((content, i) => put(`k${i}`, content)));
  const users = Array.from({ length: 200 }, async (_, i) => {
    const n = (i * 7) % 12;
    assert.equal(await read(codes, `k${n}`), contents[n]);
  });
  await Promise.all(users);
  assert.ok((await files()).length <= 2);
});

Deno.test("CodeCache rejects for a missing object, and holds nothing of it", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, files } = fixture;
  await assert.rejects(read(cache(), "none"), ObjectNotFoundError);
  assert.deepEqual(await files(), []);
});

const BREAKS: Record<string, (content: ObjectContent) => ReadableStream<Uint8Array>> = {
  "fails mid-body": ({ body }) =>
    body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          controller.enqueue(chunk.subarray(0, 3));
          controller.error(new Error("connection reset"));
        },
      }),
    ),
  "ends early": ({ body }) =>
    body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => controller.enqueue(chunk.subarray(0, 3)),
      }),
    ),
};

for (const [what, breakOff] of Object.entries(BREAKS)) {
  Deno.test(`CodeCache keeps nothing of a store that ${what}, and works the next time`, async () => {
    await using fixture = await CacheFixture.open();
    const { cache, put, store, files } = fixture;
    await put("a", "content");
    let isBroken = true;
    const codes = cache({
      get: async (...args) => {
        const content = await store.get(...args);
        return isBroken ? { ...content, body: breakOff(content) } : content;
      },
    });
    await assert.rejects(
      read(codes, "a"),
      (error) => error instanceof ObjectStoreError && /'a'.*broke off/.test(error.message),
    );
    assert.deepEqual(await files(), []);
    isBroken = false;
    assert.equal(await read(codes, "a"), "content");
  });
}

Deno.test("CodeCache removes pieces that a killed process left, and adopts whole archives", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, folder, files } = fixture;
  await put("a", "aaaa");
  const clock = { now: Date.UTC(2030, 0) };
  const first = cache({ clock: () => clock.now });
  await read(first, "a");
  await put("b", "bbbb");
  clock.now += 60_000;
  await read(first, "b");
  clock.now += 60_000;
  await read(first, "a");
  await Deno.writeTextFile(`${folder}/.partial-killed`, "pie");

  const next = cache({ maxBytes: 8 });
  await put("c", "cccc");
  await read(next, "c");
  // The first process used b longest ago, though it wrote it last.
  assert.deepEqual(await files(), [await fileName("aaaa"), await fileName("cccc")].sort());
});

for (const [what, damage] of [["of another size", "xx"], ["of the same size", "xxxxxxx"]] as const) {
  Deno.test(`CodeCache replaces a damaged archive ${what} that an earlier process left`, async () => {
    await using fixture = await CacheFixture.open();
    const { cache, put, folder, files } = fixture;
    await put("a", "content");
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/${await fileName("content")}`, damage);
    const codes = cache({ maxBytes: 7 });
    assert.equal(await read(codes, "a"), "content");
    assert.equal(await read(codes, "a"), "content");
    assert.deepEqual(await files(), [await fileName("content")]);
  });
}

Deno.test("CodeCache fetches again what a cleaner of temporary files took", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, folder, fetched } = fixture;
  await put("a", "content");
  const codes = cache();
  await read(codes, "a");
  await Deno.remove(folder, { recursive: true });
  assert.equal(await read(codes, "a"), "content");
  assert.deepEqual(fetched, ["a", "a"]);
});

Deno.test("CodeCache goes on for the others when one gives up", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, store, fetched } = fixture;
  await put("a", "content");
  const started = Promise.withResolvers<ReturnType<typeof halting>>();
  const codes = cache({
    get: async (...args) => {
      const halted = halting(await store.get(...args));
      started.resolve(halted);
      return halted.content;
    },
  });
  const looks: Promise<unknown>[] = [];
  const stat = store.stat.bind(store);
  store.stat = (...args) => {
    const look = stat(...args);
    looks.push(look);
    return look;
  };
  const abort = new AbortController();
  const one = read(codes, "a", abort.signal);
  const other = read(codes, "a");
  const { half, goOn } = await started.promise;
  await half;
  // Both wait for the fetch once both have looked, and have gone on from there.
  assert.equal((await Promise.all(looks)).length, 2);
  await settle();
  abort.abort(new Error("enough"));
  await assert.rejects(one, /enough/);
  goOn();
  assert.equal(await other, "content");
  assert.deepEqual(fetched, ["a"]);
});

Deno.test("CodeCache gives a fetch up when nobody waits for it any more, and leaves nothing", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, store, files, fetched } = fixture;
  await put("a", "content");
  const halted = Promise.withResolvers<ReturnType<typeof halting>>();
  const codes = cache({
    get: async (...args) => {
      const content = await store.get(...args);
      if (fetched.length > 1) return content;
      halted.resolve(halting(content));
      return (await halted.promise).content;
    },
  });
  const aborts = [new AbortController(), new AbortController()];
  const waiting = aborts.map(({ signal }) => read(codes, "a", signal));
  const settled = Promise.allSettled(waiting);
  const { half, goOn } = await halted.promise;
  await half;
  for (const abort of aborts) abort.abort(new Error("enough"));
  goOn();
  assert.deepEqual((await settled).map(({ status }) => status), ["rejected", "rejected"]);
  assert.deepEqual(await files(), []);
  assert.equal(await read(codes, "a"), "content");
});

Deno.test("CodeCache that is given up before its fetch begins leaves no failure behind", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, store } = fixture;
  const abort = new AbortController();
  store.stat = (_bucket, key) => {
    abort.abort(new Error("enough"));
    return Promise.resolve({ key, size: 1, etag: "x", lastModified: new Date(0) });
  };
  // The fetch would fail without anybody who hears of it, and end the process.
  await assert.rejects(read(cache(), "none", abort.signal), /enough/);
});

Deno.test("CodeCache closes its folder to other users", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, folder } = fixture;
  await put("a", "content");
  await cache().use(BUCKET, "a", async ({ path }) => {
    assert.equal((await Deno.stat(folder)).mode! & 0o777, 0o700);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
  });
});

Deno.test("CodeCache tells why its folder cannot be used, and uses it as soon as it can", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, folder } = fixture;
  await put("a", "content");
  await Deno.mkdir(folder.slice(0, folder.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(folder, "in the way");
  const codes = cache();
  await assert.rejects(
    read(codes, "a"),
    (error) => error instanceof BerthError && error.code === "archive/io" && error.message.includes(folder),
  );
  await Deno.remove(folder);
  assert.equal(await read(codes, "a"), "content");
});

Deno.test("CodeCache does not fetch an object that is too large, and says so at every try", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, fetched, files } = fixture;
  await put("a", "x".repeat(101));
  const codes = cache({ maxArchiveBytes: 100 });
  for (let tries = 0; tries < 3; tries++) {
    await assert.rejects(
      read(codes, "a"),
      (error) =>
        error instanceof InvalidArchiveError && error.problem === "too-large" &&
        /101 bytes/.test(error.message),
    );
  }
  assert.deepEqual([fetched, await files()], [[], []]);
  await put("a", "x".repeat(100));
  assert.equal((await read(codes, "a")).length, 100);
});

Deno.test("CodeCache fetches nothing of an object that has grown too large since the look at it", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, store, files } = fixture;
  await put("a", "small");
  const codes = cache({
    maxArchiveBytes: 100,
    get: async (...args) => {
      await put("a", "x".repeat(101));
      return store.get(...args);
    },
  });
  await assert.rejects(read(codes, "a"), InvalidArchiveError);
  assert.deepEqual(await files(), []);
});

Deno.test("CodeCache stops a download that brings more than was announced", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, store, files } = fixture;
  await put("a", "content");
  let pulled = 0;
  const codes = cache({
    get: async (...args) => {
      const content = await store.get(...args);
      await content.body.cancel();
      // Endless, as from a server that is not what it should be.
      const body = new ReadableStream<Uint8Array>({
        pull: (to) => to.enqueue(new Uint8Array(++pulled && 7)),
      });
      return { ...content, body };
    },
  });
  await assert.rejects(
    read(codes, "a"),
    (error) => error instanceof ObjectStoreError && /more than 7 bytes/.test(error.message),
  );
  assert.ok(pulled < 10, `${pulled} pieces were read`);
  assert.deepEqual(await files(), []);
});

Deno.test("CodeCache remembers what was refused until the object changes", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, fetched } = fixture;
  await put("a", "bad");
  const codes = cache({ maxBytes: 0 });
  const refuse = () => Promise.reject(new InvalidArchiveError("corrupt", "The archive is corrupt."));
  for (let tries = 0; tries < 3; tries++) {
    await assert.rejects(codes.use(BUCKET, "a", refuse), /The archive is corrupt/);
  }
  assert.deepEqual(fetched, ["a"]);
  await put("a", "good");
  assert.equal(await read(codes, "a"), "good");
});

Deno.test("CodeCache does not take a script that is missing for a fault of the archive", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put } = fixture;
  await put("a", "fine");
  const codes = cache();
  const refuse = () => Promise.reject(new InvalidArchiveError("missing-script", "The archive lacks 'x.py'."));
  await assert.rejects(codes.use(BUCKET, "a", refuse), /lacks/);
  assert.equal(await read(codes, "a"), "fine");
});

Deno.test("CodeCache.hash() knows what an earlier process has fetched, and sees that it has changed", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, fetched, folder } = fixture;
  await put("a", "one");
  assert.equal(await cache().hash(BUCKET, "a"), undefined);
  await read(cache(), "a");
  const sha256 = (await fileName("one")).slice(0, 64);
  assert.equal(await cache().hash(BUCKET, "a"), sha256);
  await put("a", "other");
  assert.equal(await cache().hash(BUCKET, "a"), undefined);
  await Deno.writeTextFile(`${folder}/versions.json`, "{damaged");
  assert.equal(await cache().hash(BUCKET, "a"), undefined);
  assert.deepEqual(fetched, ["a"]);
});

Deno.test("CodeCache.hash() does without a store that fails or hangs, where it has answered before", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, store } = fixture;
  await put("a", "one");
  const codes = cache();
  await read(codes, "a");
  const sha256 = (await fileName("one")).slice(0, 64);
  store.stat = () => Promise.reject(new ObjectStoreError("away"));
  assert.equal(await codes.hash(BUCKET, "a"), sha256);
  store.stat = (_bucket, _key, { signal } = {}) =>
    new Promise((_resolve, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
  assert.equal(await codes.hash(BUCKET, "a"), sha256);
  await assert.rejects(codes.hash(BUCKET, "a", AbortSignal.timeout(1)), { name: "TimeoutError" });
  store.stat = () => Promise.resolve(undefined);
  await assert.rejects(codes.hash(BUCKET, "a"), ObjectNotFoundError);
});

Deno.test("CodeCache.hash() gives a store that has just not answered less time", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, store } = fixture;
  await put("a", "one");
  const [codes, others] = [cache(), cache()];
  await Promise.all([read(codes, "a"), read(others, "a")]);
  store.stat = (_bucket, _key, { signal } = {}) =>
    new Promise((_resolve, reject) => signal!.addEventListener("abort", () => reject(signal!.reason)));
  await codes.hash(BUCKET, "a");
  const ended: string[] = [];
  const hash = async (name: string, codes: CodeCache) => {
    await codes.hash(BUCKET, "a");
    ended.push(name);
  };
  await Promise.all([hash("the first call of another cache", others), hash("the second call", codes)]);
  assert.deepEqual(ended, ["the second call", "the first call of another cache"]);
});

Deno.test("CodeCache.drop() removes an archive that nobody uses", async () => {
  await using fixture = await CacheFixture.open();
  const { cache, put, files } = fixture;
  await put("a", "one");
  const codes = cache();
  const sha256 = (await fileName("one")).slice(0, 64);
  await codes.use(BUCKET, "a", () => codes.drop(sha256));
  assert.deepEqual(await files(), [`${sha256}.zip`]);
  await codes.drop(sha256);
  assert.deepEqual(await files(), []);
  assert.equal(await read(codes, "a"), "one");
});
