import assert from "node:assert/strict";
import { ApiListener } from "../../../services/api/api_listener.ts";
import { systemClock } from "../../../lib/util/clock.ts";
import { Access } from "../../../services/api/access.ts";
import { endWhenRevoked } from "../../../services/api/end_when_revoked.ts";
import { Forwarder, type SentOn } from "../../../services/api/forwarder.ts";
import { PEER_HEADERS, PeerPasses } from "../../../services/api/peer_passes.ts";
import { problemResponse } from "../../../services/api/problem_response.ts";
import { Sessions } from "../../../services/api/sessions.ts";
import { Tokens } from "../../../services/api/tokens.ts";
import { connectSqlite } from "../../../services/sqlite/connect_sqlite.ts";
import { SqliteRecordStore } from "../../../services/sqlite/sqlite_record_store.ts";
import { freePort } from "../../support/servers/free_port.ts";
import { until } from "../../support/until.ts";

const LOCAL = { name: "local", role: "operate", from: "unix" } as const;

/** The records of a database that two Berths share, and a server that takes the place of the leader. */
class PeersFixture implements AsyncDisposable {
  readonly records: SqliteRecordStore;
  readonly forwarder: Forwarder;
  readonly url: string;
  /** Another address of a leader, at which nobody listens. */
  readonly other = `http://127.0.0.1:${freePort()}`;
  /** The requests that the leader has got. */
  readonly requests: Request[] = [];
  /** How the leader answers. */
  answer: (request: Request) => Response | Promise<Response> = () => new Response("{}");
  readonly #stack: AsyncDisposableStack;

  private constructor(records: SqliteRecordStore, stack: AsyncDisposableStack) {
    this.records = records;
    this.#stack = stack;
    const ending = new AbortController();
    const options = { hostname: "127.0.0.1", port: 0, signal: ending.signal, onListen() {} };
    const server = Deno.serve(options, (request) => {
      // Its own is closed with its answer.
      this.requests.push(new Request(request.url, { headers: new Headers(request.headers) }));
      return this.answer(request);
    });
    stack.defer(async () => {
      ending.abort();
      await server.finished;
    });
    this.url = `http://127.0.0.1:${server.addr.port}`;
    this.forwarder = stack.use(
      new Forwarder(
        { urls: [this.url, this.other, "http://127.0.0.1:1"] },
        new PeerPasses(records, systemClock),
      ),
    );
  }

  static async open(): Promise<PeersFixture> {
    await using stack = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const database = stack.adopt(connectSqlite(`${folder}/berth.sqlite`), (database) => database.close());
    const records = new SqliteRecordStore(database);
    await records.open();
    return new PeersFixture(records, stack.move());
  }

  /** Sends a request on. @param more The differences from a restart by the socket. */
  send(more: Partial<SentOn> = {}, url = this.url): Promise<Response> {
    const request = new Request("http://berth/api/bots/a/restart?x=1", { method: "POST" });
    const leader = { token: "leader", about: "instance 'x' on host y", host: "y", url };
    return this.forwarder.send(leader, { operation: "restartBot", request, caller: LOCAL, ...more });
  }

  /** Listens as a Berth that stands by does, and sends all on. @param url Address of the leader. */
  async standby(url = this.url): Promise<string> {
    const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
    this.#stack.defer(() => Deno.remove(folder, { recursive: true }));
    const leader = { token: "leader", about: "instance 'x' on host y", host: "y", url };
    const listener = this.#stack.use(
      await ApiListener.listen(
        async (request) => {
          try {
            const sent = { operation: "streamEvents", request, caller: LOCAL } as const;
            return endWhenRevoked(await this.forwarder.send(leader, sent), () => Promise.resolve(true));
          } catch (error) {
            return problemResponse(error).response;
          }
        },
        { socket: `${folder}/api.sock`, tcp: { hostname: "127.0.0.1", port: 0 } },
      ),
    );
    return `http://127.0.0.1:${listener.port}`;
  }

  /** Tells the caller of a request, as another Berth of the database sees it. */
  async callerOf(request: Request) {
    const { records } = this;
    const access = new Access({
      tokens: new Tokens(records, systemClock),
      sessions: new Sessions(records, systemClock),
      passes: new PeerPasses(records, systemClock),
      clock: systemClock,
      tcp: { hostname: "10.0.0.1", names: [], port: () => 8420, isSecure: true, isBehindProxy: false },
    });
    return await access.admit(request, "tcp", "10.0.0.2");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

Deno.test("a request goes to the leader with its path, query and body, and the answer comes back", async () => {
  await using fixture = await PeersFixture.open();
  fixture.answer = async (request) =>
    Response.json(
      { url: new URL(request.url).pathname + new URL(request.url).search, body: await request.text() },
      { status: 202, headers: { etag: '"1"' } },
    );
  const request = new Request("http://berth/api/bots/a/guards/b/release?x=1", {
    method: "POST",
    body: '{"reason":"r"}',
    headers: { "content-type": "application/json", cookie: "secret", "x-other": "1" },
  });
  const response = await fixture.send({ request });
  assert.equal(response.status, 202);
  assert.equal(response.headers.get("etag"), '"1"');
  assert.equal(response.headers.get("berth-leader"), fixture.url);
  assert.deepEqual(await response.json(), {
    url: "/api/bots/a/guards/b/release?x=1",
    body: '{"reason":"r"}',
  });
  const [{ headers }] = fixture.requests as [Request];
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(headers.get("cookie"), null);
  assert.equal(headers.get("x-other"), null);
});

Deno.test("the leader knows the caller by its own token or session, and a user of the socket by the pass", async () => {
  await using fixture = await PeersFixture.open();
  const { records } = fixture;
  const tokens = new Tokens(records, systemClock);
  const { token, value } = await tokens.create({ name: "ops", role: "read", createdBy: "local" });
  const caller = { name: "token ops", role: "read", from: "192.0.2.1", tokenId: token.id } as const;
  const request = new Request("http://berth/api/bots", { headers: { authorization: `Bearer ${value}` } });
  await (await fixture.send({ operation: "listBots", request, caller })).text();
  const sessions = new Sessions(records, systemClock);
  const session = (await sessions.begin((await sessions.createCode(LOCAL)).code))!;
  const browser = { name: "session of local", role: "operate", from: "192.0.2.2", sessionId: "s" } as const;
  await (await fixture.send({ caller: browser, session })).text();
  await (await fixture.send()).text();
  const [byToken, bySession, bySocket] = await Promise.all(
    fixture.requests.map((request) => fixture.callerOf(request)),
  );
  assert.deepEqual([byToken!.name, byToken!.role, byToken!.from], ["token ops", "read", "192.0.2.1"]);
  assert.deepEqual([bySession!.name, bySession!.from], ["session of local", "192.0.2.2"]);
  assert.deepEqual([bySocket!.name, bySocket!.from], ["local", "unix at 10.0.0.2"]);
  assert.ok([byToken, bySession, bySocket].every((caller) => caller!.isPassedOn));

  // The pass alone gives a token no rights, and nobody else can make one.
  await tokens.revoke(token.id);
  await assert.rejects(fixture.callerOf(fixture.requests[0]!), { status: 401, code: "auth/pass" });
  const forged = new Request(fixture.requests[2]!.url, {
    headers: { [PEER_HEADERS.pass]: `peer_${"a".repeat(12)}_${"b".repeat(43)}` },
  });
  await assert.rejects(fixture.callerOf(forged), { status: 401, code: "auth/pass" });
});

Deno.test("a leader that is not there, is a stranger or does not know this Berth is a problem with advice", async () => {
  await using fixture = await PeersFixture.open();
  const problem = { status: 503, code: "leader/unreachable" };
  await assert.rejects(fixture.send({}, "http://127.0.0.1:1"), problem);
  await assert.rejects(fixture.send({}, "http://127.0.0.1:2"), { ...problem, message: /BERTH_URLS of each/ });
  assert.equal(fixture.requests.length, 0, "a stranger gets no credentials");
  fixture.answer = () => new Response(null, { status: 401 });
  await assert.rejects(fixture.send(), { ...problem, message: /the same MONGO_URI/ });
});

Deno.test("a stream comes as the leader sends it, and ends there when its client goes", async () => {
  await using fixture = await PeersFixture.open();
  let hasEnded = false;
  fixture.answer = () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
      cancel: () => void (hasEnded = true),
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  const request = new Request("http://berth/api/events");
  const response = await fixture.send({ operation: "streamEvents", request });
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assert.equal(new TextDecoder().decode(value), "data: 1\n\n");
  assert.ok(!hasEnded);
  await reader.cancel();
  await until("the end of the leader's stream", () => hasEnded);
});

Deno.test("a client that goes before the answer ends the request at the leader", async () => {
  await using fixture = await PeersFixture.open();
  const ended = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<Response>();
  fixture.answer = ({ signal }) => {
    signal.addEventListener("abort", () => ended.resolve(), { once: true });
    return answered.promise;
  };
  const leaving = new AbortController();
  const request = new Request("http://berth/api/bots/a/restart", { method: "POST", signal: leaving.signal });
  const sending = fixture.send({ request });
  await until("the request at the leader", () => fixture.requests.length === 1);
  leaving.abort();
  await assert.rejects(sending, { name: "AbortError" });
  await ended.promise;
  answered.resolve(new Response());
});

/** Sends raw text to the first connection, once it has sent a request, and breaks off. */
async function breakOff(listener: Deno.TcpListener, text: string): Promise<void> {
  const connection = await listener.accept();
  await connection.read(new Uint8Array(64 * 1024));
  await connection.write(new TextEncoder().encode(text));
  connection.close();
}

Deno.test("an answer that breaks off breaks off for its client as well, and for nobody else", async () => {
  await using fixture = await PeersFixture.open();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: Number(new URL(fixture.other).port) });
  const [broken, well] = await Promise.all([fixture.standby(fixture.other), fixture.standby()]);
  const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
  for (const text of [head, `${head}9\r\ndata: 1\n\n\r\n`, `${head}9\r\ndata`]) {
    const breaking = breakOff(listener, text);
    const outcome = await fetch(`${broken}/api/events`).then((response) => response.text()).catch(() =>
      "broken"
    );
    assert.equal(outcome, "broken", "a part is not taken for the whole");
    await breaking;
    assert.equal(await (await fetch(`${well}/api/events`)).text(), "{}");
  }
  const json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n[1";
  for (const text of ["", json]) {
    const breaking = breakOff(listener, text);
    const response = await fetch(`${broken}/api/bots`);
    assert.equal(response.status, 503);
    assert.equal((await response.json()).code, "leader/unreachable");
    await breaking;
  }
});

Deno.test("a leader that answers before it has read the body is heard, and a body that breaks off ends there", async () => {
  await using fixture = await PeersFixture.open();
  const standby = await fixture.standby();
  fixture.answer = () => new Response("too large", { status: 413 });
  const body = new Uint8Array(8 * 1024 * 1024);
  const response = await fetch(standby, { method: "PUT", body });
  assert.equal(response.status, 413);
  assert.equal(await response.text(), "too large");

  let read: Promise<string> | undefined;
  fixture.answer = async (request) => {
    read = request.text().then(() => "whole", () => "broken");
    return new Response(await read);
  };
  const leaving = new AbortController();
  const upload = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1024)),
  }, { highWaterMark: 0 });
  const sending = fetch(standby, { method: "PUT", body: upload, signal: leaving.signal }).catch(() => "gone");
  await until("the body at the leader", () => read !== undefined);
  leaving.abort();
  assert.equal(await sending, "gone");
  assert.equal(await read, "broken", "a part is not taken for the whole");
});
