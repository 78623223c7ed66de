import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { connectMinio } from "../../lib/objects/minio/connect_minio.ts";
import { rangesOf } from "../../lib/objects/minio/minio_append.ts";
import { MinioObjectStore } from "../../lib/objects/minio/minio_object_store.ts";
import { ObjectConflictError, ObjectStoreError, TimeLimitError } from "../../lib/errors.ts";
import { testObjectStoreContract } from "../contract/object_store_contract.ts";
import { minioConnection, openMinio } from "../support/servers/minio_fixture.ts";
import { untilSteady } from "../support/until.ts";

/** A TCP server that calls a function for each connection. */
async function openServer(onConnection: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const connection = {
    endPoint: "127.0.0.1",
    port,
    useSSL: false,
    accessKey: "someone",
    secretKey: "s3cr3t-w0rd",
  };
  return {
    connection,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

testObjectStoreContract({ name: "MinioObjectStore", open: openMinio });

Deno.test("MinioObjectStore.list() gives more objects than one answer holds, in order", async () => {
  await using minio = await openMinio();
  const keys = Array.from({ length: 1005 }, (_, i) => `k/${String(i).padStart(4, "0")}`);
  const queue = [...keys];
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let key = queue.pop(); key; key = queue.pop()) {
      await minio.store.put(minio.bucket, key, new Uint8Array(1));
    }
  }));
  const listed = await Array.fromAsync(minio.store.list(minio.bucket, "k/"));
  assert.deepEqual(listed.map(({ key }) => key), keys);
});

Deno.test("MinioObjectStore.put() passes the content type on", async () => {
  await using minio = await openMinio();
  await minio.store.put(minio.bucket, "k", new Uint8Array(1), { contentType: "text/plain; charset=utf-8" });
  const { metaData } = await minio.client.statObject(minio.bucket, "k");
  assert.equal(metaData["content-type"], "text/plain; charset=utf-8");
});

Deno.test("MinioObjectStore.presign() lets one object be read or written without credentials", async () => {
  await using minio = await openMinio();
  const { store, bucket } = minio;
  const send = async (method: "GET" | "PUT", url: string, body?: string) => {
    const response = await fetch(url, { method, ...(body !== undefined && { body }) });
    return { status: response.status, text: await response.text() };
  };
  const write = await store.presign(bucket, "a/b c", { method: "PUT", seconds: 60 });
  assert.equal((await send("PUT", write, "content")).status, 200);
  const read = await store.presign(bucket, "a/b c", { method: "GET", seconds: 60 });
  assert.deepEqual(await send("GET", read), { status: 200, text: "content" });
  assert.equal((await send("PUT", read, "other")).status, 403);
  assert.equal((await send("GET", read.replace("/a/", "/other/"))).status, 403);
});

Deno.test("MinioObjectStore.append() leaves no upload open: not when it fails, and not one that a killed process left", async () => {
  await using minio = await openMinio();
  const { store, client, bucket } = minio;
  const open = async () => (await Array.fromAsync(client.listIncompleteUploads(bucket, "big", true))).length;
  const first = await store.append(bucket, "big", new Uint8Array(6_000_000));
  await client.initiateNewMultipartUpload(bucket, "big", {});
  assert.equal(await open(), 1);
  const second = await store.append(bucket, "big", new Uint8Array(1), { onto: first });
  assert.equal(await open(), 0);
  await assert.rejects(store.append(bucket, "big", new Uint8Array(1), { onto: first }), ObjectConflictError);
  assert.equal(await open(), 0);
  const controller = new AbortController();
  const appending = store.append(bucket, "big", new Uint8Array(30_000_000), {
    onto: second,
    signal: controller.signal,
  });
  while (await open() === 0);
  controller.abort(new Error("given up"));
  await assert.rejects(appending, /given up/);
  assert.equal(await open(), 0);
  assert.equal((await store.stat(bucket, "big"))?.etag, second.etag);
});

Deno.test("rangesOf() covers an object in pieces that a server copies", () => {
  const GIB = 1024 ** 3;
  assert.deepEqual(rangesOf(10), ["bytes=0-9"]);
  assert.deepEqual(rangesOf(5 * GIB), [`bytes=0-${5 * GIB - 1}`]);
  const half = Math.floor((5 * GIB + 1) / 2);
  assert.deepEqual(rangesOf(5 * GIB + 1), [`bytes=0-${half - 1}`, `bytes=${half}-${5 * GIB}`]);
});

Deno.test("MinioObjectStore says where nothing listens, on every method", async () => {
  const server = await openServer(() => {});
  await server[Symbol.asyncDispose]();
  const store = new MinioObjectStore(connectMinio(server.connection));
  const calls = [
    () => store.ensureBucket("bucket"),
    () => store.get("bucket", "k"),
    () => store.stat("bucket", "k"),
    () => store.put("bucket", "k", new Uint8Array(1)),
    () => store.append("bucket", "k", new Uint8Array(1)),
    () => Array.fromAsync(store.list("bucket", "")),
    () => store.delete("bucket", "k"),
  ];
  for (const call of calls) {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof ObjectStoreError, String(error));
      assert.match(
        error.message,
        new RegExp(`at http://127.0.0.1:${server.connection.port} failed: nothing listens`),
      );
      return true;
    });
  }
});

Deno.test("MinioObjectStore says which credential is wrong, and never tells it", async () => {
  const good = minioConnection();
  const cases = [
    [{ ...good, accessKey: "nobody-known" }, /does not know the access key. Correct MINIO_ACCESS_KEY/],
    [{ ...good, secretKey: "wrong-secret-word" }, /Correct MINIO_SECRET_KEY/],
  ] as const;
  for (const [wrong, message] of cases) {
    const store = new MinioObjectStore(connectMinio(wrong));
    await assert.rejects(store.get("bucket", "k"), (error) => {
      assert.ok(error instanceof ObjectStoreError, String(error));
      assert.match(error.message, message);
      assert.ok(!Deno.inspect(error, { depth: 9 }).includes(wrong.secretKey));
      return true;
    });
  }
});

Deno.test("MinioObjectStore gives up a server that does not answer, and closes the connection", async () => {
  const closed = Promise.withResolvers<void>();
  await using server = await openServer((socket) => socket.resume().on("close", () => closed.resolve()));
  const store = new MinioObjectStore(connectMinio(server.connection), { timeouts: { callMs: 50 } });
  await assert.rejects(store.stat("bucket", "k"), (error) => {
    assert.ok(error instanceof ObjectStoreError, String(error));
    assert.ok(error.cause instanceof TimeLimitError);
    return true;
  });
  await closed.promise;
});

Deno.test("MinioObjectStore closes the connection when its signal is given", async () => {
  const closed = Promise.withResolvers<void>();
  const controller = new AbortController();
  const reason = new Error("given up");
  await using server = await openServer((socket) => {
    socket.on("close", () => closed.resolve()).on("data", () => controller.abort(reason));
  });
  const store = new MinioObjectStore(connectMinio(server.connection));
  const putting = store.put("bucket", "k", new Uint8Array(10), { signal: controller.signal });
  await assert.rejects(putting, (error) => error === reason);
  await closed.promise;
});

/** A server that answers `GET /bucket/k` with a body that never ends, and counts what it could send. */
async function openEndless(chunk: Uint8Array | undefined) {
  let sent = 0;
  const closed = Promise.withResolvers<void>();
  const server = createHttpServer((request, response) => {
    request.resume();
    if (request.url?.includes("location")) {
      return response.end('<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>');
    }
    response.on("close", () => closed.resolve());
    response.writeHead(200, {
      "content-length": 1e12,
      "etag": '"e"',
      "last-modified": new Date(0).toUTCString(),
    });
    response.flushHeaders();
    const send = () => {
      if (chunk === undefined || response.destroyed) return;
      sent += chunk.length;
      if (response.write(chunk)) setImmediate(send);
    };
    response.on("drain", send);
    send();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const connection = {
    endPoint: "127.0.0.1",
    port,
    useSSL: false,
    accessKey: "someone",
    secretKey: "s3cr3t-w0rd",
  };
  return {
    connection,
    closed: closed.promise,
    sent: () => sent,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

Deno.test("MinioObjectStore.get() reads no further than it is asked to, and closes the connection when cancelled", async () => {
  await using endless = await openEndless(new Uint8Array(65_536));
  const store = new MinioObjectStore(connectMinio(endless.connection));
  const { body, size } = await store.get("bucket", "k");
  assert.equal(size, 1e12);
  const reader = body.getReader();
  await reader.read();
  // Full once it has not grown for a while: buffers of the system hold some megabytes.
  const sent = await untilSteady("what is sent", endless.sent);
  assert.ok(sent < 50_000_000, `${sent} bytes were sent`);
  await reader.cancel();
  await endless.closed;
});

Deno.test("MinioObjectStore.get() gives up a body of which nothing comes any more", async () => {
  await using endless = await openEndless(undefined);
  const store = new MinioObjectStore(connectMinio(endless.connection), { timeouts: { callMs: 1000 } });
  const { body } = await store.get("bucket", "k");
  await assert.rejects(new Response(body).text(), (error) => {
    assert.ok(error instanceof ObjectStoreError, String(error));
    assert.ok(error.cause instanceof TimeLimitError);
    return true;
  });
  await endless.closed;
});
