/**
 * The contract of every object store, as tests.
 *
 * @module
 */

import assert from "node:assert/strict";
import { ObjectConflictError, ObjectNotFoundError, ObjectStoreError } from "../../lib/errors.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";

/** A store to test, with a bucket of its own that exists and is empty. */
export interface ObjectStoreFixture extends AsyncDisposable {
  /** The store. */
  readonly store: ObjectStore;
  /** The bucket. */
  readonly bucket: string;
}

/** The store under test. */
export interface ObjectStoreContractOptions {
  /** Name of the store, for the names of the tests. */
  readonly name: string;
  /** Opens a store with an empty bucket. */
  readonly open: () => Promise<ObjectStoreFixture>;
}

const encoder = new TextEncoder();
const MISSING_BUCKET = "berth-no-such-bucket";
const BAD_KEYS = [
  "",
  "/",
  "a/",
  "/a",
  "a//b",
  ".",
  "..",
  "../a",
  "a/../b",
  "a/./b",
  "a\0b",
  "a\ud800b",
  "é".repeat(513),
];

/**
 * Registers the tests.
 *
 * @param options The options under test.
 */
export function testObjectStoreContract({ name, open }: ObjectStoreContractOptions): void {
  const test = (what: string, body: (fixture: ObjectStoreFixture) => Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      await using fixture = await open();
      await body(fixture);
    });

  test("get() gives back the very bytes that put() was given", async ({ store, bucket }) => {
    const big = new Uint8Array(3_000_000).map((_, i) => (i * 7919) >> 3);
    for (
      const [key, bytes] of [["empty", new Uint8Array()], ["a/b/1.0", encoder.encode("zip")], [
        "big",
        big,
      ]] as const
    ) {
      const put = await store.put(bucket, key, bytes);
      const { body, ...got } = await store.get(bucket, key);
      assert.deepEqual(await new Response(body).bytes(), bytes);
      const { lastModified, ...rest } = got;
      assert.deepEqual(rest, { key, size: bytes.length, etag: put.etag });
      assert.ok(Math.abs(lastModified.getTime() - Date.now()) < 60_000);
      assert.deepEqual(await store.stat(bucket, key), got);
    }
  });

  test("put() writes only its part of a larger buffer", async ({ store, bucket }) => {
    await store.put(bucket, "part", encoder.encode("0123456789").subarray(3, 6));
    assert.equal(await textOf(store, bucket, "part"), "345");
  });

  test("putFile() gives an object the very bytes of a file, and replaces one", async ({ store, bucket }) => {
    const path = await Deno.makeTempFile({ prefix: "berth-test-" });
    try {
      for (const size of [0, 3, 3_000_000]) {
        const bytes = new Uint8Array(size).map((_, index) => index % 251);
        await Deno.writeFile(path, bytes);
        const { etag } = await store.putFile(bucket, "file", path, { contentType: "application/zip" });
        const found = await store.get(bucket, "file");
        assert.deepEqual([found.size, found.etag], [size, etag]);
        assert.deepEqual(new Uint8Array(await new Response(found.body).arrayBuffer()), bytes);
      }
      await assert.rejects(store.putFile(MISSING_BUCKET, "k", path), ObjectStoreError);
      const signal = AbortSignal.abort(new Error("no more"));
      await assert.rejects(store.putFile(bucket, "never", path, { signal }), /no more/);
      assert.equal(await store.stat(bucket, "never"), undefined);
    } finally {
      await Deno.remove(path);
    }
  });

  test("put() replaces an object, and the ETag changes with it", async ({ store, bucket }) => {
    const first = await store.put(bucket, "k", encoder.encode("one"));
    assert.equal((await store.stat(bucket, "k"))?.etag, first.etag);
    const second = await store.put(bucket, "k", encoder.encode("two"));
    assert.notEqual(second.etag, first.etag);
    assert.equal((await store.stat(bucket, "k"))?.etag, second.etag);
    assert.equal(await textOf(store, bucket, "k"), "two");
  });

  test("a reader sees one whole object while it is being replaced", async ({ store, bucket }) => {
    const versions = ["a", "b"].map((letter) => encoder.encode(letter.repeat(500_000)));
    await store.put(bucket, "k", versions[0]!);
    let isDone = false;
    const writing = (async () => {
      for (let i = 1; i <= 12; i++) await store.put(bucket, "k", versions[i % 2]!);
      isDone = true;
    })();
    let reads = 0;
    while (!isDone || reads === 0) {
      const text = await textOf(store, bucket, "k");
      assert.equal(text, text[0]!.repeat(500_000));
      reads++;
    }
    await writing;
  });

  test("many writers of one key leave one of their objects, whole", async ({ store, bucket }) => {
    const bodies = Array.from({ length: 8 }, (_, i) => String(i).repeat(100_000 + i));
    await Promise.all(bodies.map((body) => store.put(bucket, "deep/er/k", encoder.encode(body))));
    assert.ok(bodies.includes(await textOf(store, bucket, "deep/er/k")));
    assert.equal((await keysOf(store, bucket, "")).length, 1);
  });

  test("get() rejects with ObjectNotFoundError where there is no object", async ({ store, bucket }) => {
    await store.put(bucket, "a/b", encoder.encode("x"));
    for (
      const [in_, key] of [[bucket, "none"], [bucket, "a"], [bucket, "a/b/c"], [MISSING_BUCKET, "k"]] as const
    ) {
      await assert.rejects(store.get(in_, key), (error: Error) => {
        assert.ok(error instanceof ObjectNotFoundError, String(error));
        assert.match(error.message, new RegExp(`no object '${key}' in bucket '${in_}'`));
        return true;
      });
    }
  });

  test("stat() gives undefined where there is no object", async ({ store, bucket }) => {
    await store.put(bucket, "a/b", encoder.encode("x"));
    assert.equal(await store.stat(bucket, "none"), undefined);
    assert.equal(await store.stat(bucket, "a"), undefined);
    assert.equal(await store.stat(MISSING_BUCKET, "k"), undefined);
  });

  test("put() and list() reject where there is no bucket", async ({ store }) => {
    await assert.rejects(store.put(MISSING_BUCKET, "k", encoder.encode("x")), ObjectStoreError);
    await assert.rejects(store.append(MISSING_BUCKET, "k", encoder.encode("x")), ObjectStoreError);
    await assert.rejects(keysOf(store, MISSING_BUCKET, ""), ObjectStoreError);
    assert.equal(await store.stat(MISSING_BUCKET, "k"), undefined);
  });

  test("ensureBucket() leaves a bucket that exists as it is", async ({ store, bucket }) => {
    await store.put(bucket, "k", encoder.encode("x"));
    await Promise.all([store.ensureBucket(bucket), store.ensureBucket(bucket)]);
    assert.equal(await textOf(store, bucket, "k"), "x");
  });

  test("append() makes an object and adds to it; content and metadata come together", async ({ store, bucket }) => {
    let info = await store.append(bucket, "logs/a/1.log", encoder.encode("one\n"), {
      metadata: { "berth-cursor": '1 {"a":[2]}' },
      contentType: "text/plain; charset=utf-8",
    });
    assert.deepEqual(info.metadata, { "berth-cursor": '1 {"a":[2]}' });
    for (const text of ["two\n", "three é\n"]) {
      const before = info;
      info = await store.append(bucket, "logs/a/1.log", encoder.encode(text), {
        onto: info,
        metadata: { n: text.slice(0, 3) },
      });
      assert.notEqual(info.etag, before.etag);
    }
    const { body, ...got } = await store.get(bucket, "logs/a/1.log");
    assert.equal(await new Response(body).text(), "one\ntwo\nthree é\n");
    assert.deepEqual(got.metadata, { n: "thr" });
    assert.deepEqual({ ...got, lastModified: 0 }, { ...info, lastModified: 0 });
    assert.deepEqual(await store.stat(bucket, "logs/a/1.log"), got);
    const [{ metadata: _, ...listed } = got] = await Array.fromAsync(store.list(bucket, "logs/"));
    assert.deepEqual({ ...listed, lastModified: 0 }, {
      key: got.key,
      size: got.size,
      etag: got.etag,
      lastModified: 0,
    });
  });

  test("append() goes on from content that was just read, if that is what is there", async ({ store, bucket }) => {
    const first = await store.put(bucket, "k", encoder.encode("one "));
    const content = encoder.encode("one ");
    const second = await store.append(bucket, "k", encoder.encode("two "), { onto: first, content });
    assert.equal(await textOf(store, bucket, "k"), "one two ");
    const late = store.append(bucket, "k", encoder.encode("three"), { onto: first, content });
    await assert.rejects(late, ObjectConflictError);
    await store.append(bucket, "k", encoder.encode("four"), { onto: second, content });
    assert.equal(await textOf(store, bucket, "k"), "one two four");
  });

  test("append() without metadata takes away what was kept", async ({ store, bucket }) => {
    const first = await store.append(bucket, "k", encoder.encode("1"), { metadata: { a: "b" } });
    await store.append(bucket, "k", encoder.encode("2"), { onto: first });
    assert.equal((await store.stat(bucket, "k"))?.metadata, undefined);
    await store.put(bucket, "k", encoder.encode("3"));
    assert.equal(await textOf(store, bucket, "k"), "3");
  });

  test("append() goes on from what put() wrote, and put() from what append() did", async ({ store, bucket }) => {
    const first = await store.put(bucket, "k", encoder.encode("1"));
    const second = await store.append(bucket, "k", encoder.encode("2"), {
      onto: first,
      metadata: { a: "b" },
    });
    assert.equal(await textOf(store, bucket, "k"), "12");
    await store.put(bucket, "k", encoder.encode("x"));
    assert.equal((await store.stat(bucket, "k"))?.metadata, undefined);
    await assert.rejects(
      store.append(bucket, "k", encoder.encode("3"), { onto: second }),
      ObjectConflictError,
    );
    assert.equal(await textOf(store, bucket, "k"), "x");
  });

  test("append() to a large object and a larger one adds what it is given", async ({ store, bucket }) => {
    const piece = (length: number, seed: number) => new Uint8Array(length).map((_, i) => (i * seed) >> 2);
    const pieces = [
      piece(5 * 1024 ** 2 - 1, 7),
      piece(1, 3),
      piece(3, 5),
      piece(6_000_000, 11),
      piece(10, 13),
    ];
    let info = await store.append(bucket, "big", pieces[0]!, { metadata: { n: "0" } });
    for (const [n, bytes] of pieces.entries()) {
      if (n > 0) info = await store.append(bucket, "big", bytes, { onto: info, metadata: { n: String(n) } });
    }
    const { body, size, metadata } = await store.get(bucket, "big");
    const expected = new Uint8Array(await new Blob(pieces).arrayBuffer());
    const got = await new Response(body).bytes();
    assert.equal(size, expected.length);
    assert.deepEqual(metadata, { n: "4" });
    assert.ok(got.length === expected.length && got.every((byte, i) => byte === expected[i]));
  });

  test("append() changes nothing when the object is not the expected one", async ({ store, bucket }) => {
    const small = encoder.encode("small");
    for (const [key, size] of [["small", 5], ["big", 6_000_000]] as const) {
      const attempt = (onto?: { etag: string; size: number }) =>
        assert.rejects(
          store.append(bucket, key, small, onto ? { onto } : {}),
          ObjectConflictError,
        );
      await attempt({ etag: "0123456789abcdef0123456789abcdef", size });
      const first = await store.append(bucket, key, new Uint8Array(size), { metadata: { n: "1" } });
      await attempt();
      const second = await store.append(bucket, key, encoder.encode("!"), {
        onto: first,
        metadata: { n: "2" },
      });
      await attempt(first);
      await attempt();
      const stat = await store.stat(bucket, key);
      assert.deepEqual([stat?.etag, stat?.size, stat?.metadata], [second.etag, size + 1, { n: "2" }]);
    }
  });

  test("of many that append at once to one object one succeeds", async ({ store, bucket }) => {
    let onto: { etag: string; size: number } | undefined;
    let text = "";
    for (const round of ["a", "b", "c"]) {
      const tries = await Promise.allSettled(
        [1, 2, 3, 4, 5].map((n) =>
          store.append(bucket, "k", encoder.encode(`${round}${n}`), {
            ...(onto && { onto }),
            metadata: { n: `${n}` },
          })
        ),
      );
      const done = tries.filter((one) => one.status === "fulfilled");
      assert.equal(done.length, 1);
      for (const one of tries) {
        if (one.status === "rejected") assert.ok(one.reason instanceof ObjectConflictError);
      }
      onto = done[0]!.value;
      text += `${round}${done[0]!.value.metadata?.n}`;
    }
    assert.equal(await textOf(store, bucket, "k"), text);
  });

  test("append() refuses metadata that a store could not give back", async ({ store, bucket }) => {
    const refused: Record<string, string>[] = [
      { Upper: "x" },
      { "a b": "x" },
      { a: "" },
      { a: "é" },
      { a: "x\ny" },
      { a: " x" },
      { a: "x".repeat(2000) },
    ];
    for (const metadata of refused) {
      await assert.rejects(store.append(bucket, "k", encoder.encode("x"), { metadata }), ObjectStoreError);
    }
    await store.append(bucket, "k", encoder.encode("x"), { metadata: { a: "x".repeat(1999) } });
  });

  test("get() gives the rest from an offset", async ({ store, bucket }) => {
    const info = await store.append(bucket, "k", encoder.encode("0123"));
    await store.append(bucket, "k", encoder.encode("4567"), { onto: info, metadata: { a: "b" } });
    for (const [offset, expected] of [[0, "01234567"], [3, "34567"], [7, "7"], [8, ""]] as const) {
      const { body, size, metadata } = await store.get(bucket, "k", { offset });
      assert.deepEqual([await new Response(body).text(), size, metadata], [expected, 8, { a: "b" }]);
    }
    await assert.rejects(store.get(bucket, "none", { offset: 3 }), ObjectNotFoundError);
  });

  test("list() and listKeys() give all keys with a prefix, in the order of their UTF-8 bytes", async ({ store, bucket }) => {
    const keys = [
      "a-b",
      "a.b",
      "a/b",
      "a/b.c",
      "a/b0",
      "a0",
      "logs/bot/20260101.log",
      "logs/bot/20260102.log",
      "logs/bot2/x",
      "z\uffee",
      "z𝄞",
    ];
    for (const key of keys.toReversed()) await store.put(bucket, key, encoder.encode(key));
    const sizes = Object.fromEntries(keys.map((key) => [key, encoder.encode(key).length]));
    assert.deepEqual(await keysOf(store, bucket, ""), keys);
    for await (const { key, size } of store.list(bucket, "")) assert.equal(size, sizes[key]);
    const cases: Record<string, string[]> = {
      "a/": ["a/b", "a/b.c", "a/b0"],
      "a/b": ["a/b", "a/b.c", "a/b0"],
      "logs/bot/": ["logs/bot/20260101.log", "logs/bot/20260102.log"],
      "logs/bot": ["logs/bot/20260101.log", "logs/bot/20260102.log", "logs/bot2/x"],
      "logs/bot/20260102.log": ["logs/bot/20260102.log"],
      "logs/bot/20260102.log/": [],
      "nothing": [],
      "nothing/at/all": [],
    };
    for (const [prefix, expected] of Object.entries(cases)) {
      assert.deepEqual(await keysOf(store, bucket, prefix), expected, prefix);
      assert.deepEqual(await Array.fromAsync(store.listKeys(bucket, prefix)), expected, prefix);
    }
  });

  test("list() tells of each object what stat() does", async ({ store, bucket }) => {
    await store.put(bucket, "k", encoder.encode("x"));
    const [listed] = await Array.fromAsync(store.list(bucket, "k"));
    const known = await store.stat(bucket, "k");
    // A list may know fractions of a second that a header cannot say.
    const seconds = (date?: Date) => Math.floor((date?.getTime() ?? 0) / 1000);
    assert.equal(seconds(listed?.lastModified), seconds(known?.lastModified));
    assert.deepEqual({ ...listed, lastModified: 0 }, { ...known, lastModified: 0 });
  });

  test("list() can be left early", async ({ store, bucket }) => {
    for (const key of ["a", "b", "c"]) await store.put(bucket, key, encoder.encode(key));
    for await (const { key } of store.list(bucket, "")) {
      assert.equal(key, "a");
      break;
    }
  });

  test("list() with a prefix that no key can have gives nothing", async ({ store, bucket }) => {
    await store.put(bucket, "a/b", encoder.encode("x"));
    for (const prefix of ["/", "../", "a//", "a/../a/", "./a"]) {
      assert.deepEqual(await keysOf(store, bucket, prefix).catch(refusal), [], prefix);
    }
  });

  test("delete() deletes an object, and only that", async ({ store, bucket }) => {
    for (const key of ["a/b", "a/c"]) await store.put(bucket, key, encoder.encode(key));
    await store.delete(bucket, "a/b");
    assert.equal(await store.stat(bucket, "a/b"), undefined);
    assert.deepEqual(await keysOf(store, bucket, ""), ["a/c"]);
    await store.delete(bucket, "a/c");
    await store.put(bucket, "a", encoder.encode("a name that was a prefix"));
    assert.deepEqual(await keysOf(store, bucket, ""), ["a"]);
  });

  test("delete() is content where there is no object", async ({ store, bucket }) => {
    await store.put(bucket, "a/b", encoder.encode("x"));
    await store.delete(bucket, "none");
    await store.delete(bucket, "a");
    await store.delete(MISSING_BUCKET, "k");
    assert.deepEqual(await keysOf(store, bucket, ""), ["a/b"]);
  });

  test("keys may have any characters", async ({ store, bucket }) => {
    const keys = ["a b+c%20d?e&f#g='\"é𝄞:;,@!$()*[]{}|~^`<>", "...", "a/..b", "%2e%2e/x", "\u0001\n"];
    for (const key of keys) {
      await store.put(bucket, key, encoder.encode(key));
      assert.equal(await textOf(store, bucket, key), key);
      assert.equal((await store.stat(bucket, key))?.key, key);
      assert.deepEqual(await keysOf(store, bucket, key), [key]);
      await store.delete(bucket, key);
      assert.equal(await store.stat(bucket, key), undefined);
    }
  });

  test("what no key can be is refused by every method", async ({ store, bucket }) => {
    for (const key of BAD_KEYS) {
      const calls = [
        () => store.get(bucket, key),
        () => store.stat(bucket, key),
        () => store.put(bucket, key, encoder.encode("x")),
        () => store.append(bucket, key, encoder.encode("x")),
        () => store.delete(bucket, key),
      ];
      for (const call of calls) await assert.rejects(call, ObjectStoreError, JSON.stringify(key));
    }
    assert.deepEqual(await keysOf(store, bucket, ""), []);
  });

  test("what no bucket can be is refused by every method", async ({ store }) => {
    for (const bucket of ["", "ab", "..", "a..b", "Upper", "a/b", ".hidden", "x".repeat(64)]) {
      const calls = [
        () => store.ensureBucket(bucket),
        () => store.get(bucket, "k"),
        () => store.stat(bucket, "k"),
        () => store.put(bucket, "k", encoder.encode("x")),
        () => store.append(bucket, "k", encoder.encode("x")),
        () => keysOf(store, bucket, ""),
        () => store.delete(bucket, "k"),
      ];
      for (const call of calls) await assert.rejects(call, ObjectStoreError, JSON.stringify(bucket));
    }
  });

  test("a key that is a prefix of another is kept beside it, or refused without harm", async ({ store, bucket }) => {
    for (const [first, second] of [["a", "a/b"], ["c/d/e", "c/d"]] as const) {
      await store.put(bucket, first, encoder.encode("first"));
      const isKept = await store.put(bucket, second, encoder.encode("second")).then(() => true, refusal);
      assert.equal(await textOf(store, bucket, first), "first");
      if (isKept === true) assert.equal(await textOf(store, bucket, second), "second");
      else assert.equal(await store.stat(bucket, second), undefined);
    }
  });

  test("a signal that was given before rejects every method with its reason", async ({ store, bucket }) => {
    await store.put(bucket, "k", encoder.encode("x"));
    const reason = new Error("given up");
    const signal = AbortSignal.abort(reason);
    const calls = [
      () => store.ensureBucket("berth-never-made", { signal }),
      () => store.get(bucket, "k", { signal }),
      () => store.stat(bucket, "k", { signal }),
      () => store.put(bucket, "never", encoder.encode("x"), { signal }),
      () => store.append(bucket, "never", encoder.encode("x"), { signal }),
      () => keysOf(store, bucket, "", signal),
      () => store.delete(bucket, "k", { signal }),
    ];
    for (const call of calls) await assert.rejects(call, (error) => error === reason);
    assert.deepEqual(await keysOf(store, bucket, ""), ["k"]);
  });

  test("a signal ends the reading of a body with its reason", async ({ store, bucket }) => {
    await store.put(bucket, "k", new Uint8Array(8_000_000));
    const controller = new AbortController();
    const reason = new Error("enough");
    const { body } = await store.get(bucket, "k", { signal: controller.signal });
    const reader = body.getReader();
    assert.equal((await reader.read()).done, false);
    controller.abort(reason);
    await assert.rejects(async () => {
      while (!(await reader.read()).done);
    }, (error) => error === reason);
  });

  test("a body can be cancelled", async ({ store, bucket }) => {
    await store.put(bucket, "k", new Uint8Array(8_000_000));
    const unread = await store.get(bucket, "k");
    await unread.body.cancel();
    const begun = await store.get(bucket, "k");
    for await (const chunk of begun.body) {
      assert.ok(chunk.length > 0);
      break;
    }
  });
}

async function textOf(store: ObjectStore, bucket: string, key: string): Promise<string> {
  return await new Response((await store.get(bucket, key)).body).text();
}

async function keysOf(
  store: ObjectStore,
  bucket: string,
  prefix: string,
  signal?: AbortSignal,
): Promise<string[]> {
  return (await Array.fromAsync(store.list(bucket, prefix, { signal }))).map(({ key }) => key);
}

/** A clear refusal is as good as nothing. */
function refusal(error: unknown): never[] {
  assert.ok(error instanceof ObjectStoreError, String(error));
  return [];
}
