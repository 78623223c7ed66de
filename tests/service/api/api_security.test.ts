import assert from "node:assert/strict";
import { CONTRACT } from "../../../services/contract/contract.ts";
import type { OperationContract } from "../../../services/contract/common.ts";
import { type OperationId, OPERATIONS } from "../../../services/contract/operations.ts";
import { ApiFixture } from "../../support/fixtures/api_fixture.ts";

const JSON_TYPE = { "content-type": "application/json" };
const IDS = Object.keys(OPERATIONS) as OperationId[];

/** The path of an operation, with its parameters. */
function pathOf(id: OperationId, value = "abcdefghijkl"): string {
  return OPERATIONS[id].path.replace(/\{\w+\}/g, value);
}

/** Sends bytes by TCP, and gives what comes back until the connection ends. */
async function sendRaw(port: number, parts: AsyncIterable<string> | Iterable<string>): Promise<string> {
  using connection = await Deno.connect({ port, hostname: "127.0.0.1" });
  // The rest is never sent once the connection has ended.
  (async () => {
    const writer = connection.writable.getWriter();
    for await (const part of parts) await writer.write(new TextEncoder().encode(part));
  })().catch(() => {});
  let answer = "";
  try {
    for await (const chunk of connection.readable) answer += new TextDecoder().decode(chunk);
  } catch {
    // Reset by the server.
  }
  return answer;
}

async function assertProblem(response: Response, status: number, code?: string): Promise<void> {
  const problem = await response.json();
  assert.deepEqual([response.status, problem.status], [status, status], JSON.stringify(problem));
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  if (code !== undefined) assert.equal(problem.code, code);
}

Deno.test("without a token, TCP gives nothing but health and readiness, and does not say which paths exist", async () => {
  await using fixture = await ApiFixture.open();
  const { send } = fixture;
  assert.equal((await send("/healthz").then(async (r) => (await r.body?.cancel(), r))).status, 200);
  for (const id of IDS.filter((id) => OPERATIONS[id].role !== "open").slice(0, 8)) {
    await assertProblem(await send(pathOf(id), { method: OPERATIONS[id].method }), 401, "auth/missing");
  }
  await assertProblem(await send("/api/nothing"), 401);
  await assertProblem(await send("/api/bots", { method: "OPTIONS" }), 401);
  await assertProblem(await send("/api/bots", { token: "berth_abcdefghijkl_wrong" }), 401);
  await assertProblem(await send("/api/bots", { headers: { authorization: "Basic dTpw" } }), 401);
});

Deno.test("the role read may call no operation of the role operate", async () => {
  await using fixture = await ApiFixture.open();
  const { send, makeToken, services } = fixture;
  const { value: token } = await makeToken("read");
  const operating = IDS.filter((id) => OPERATIONS[id].role === "operate");
  assert.ok(operating.length > 5);
  for (const id of operating) {
    const { method } = OPERATIONS[id];
    const hasBody = (CONTRACT[id] as OperationContract).body !== undefined;
    const init = { method, token, ...(hasBody && { body: "{}", headers: JSON_TYPE }) };
    await assertProblem(await send(pathOf(id), init), 403, "auth/forbidden");
  }
  assert.deepEqual(await services.stores.bots.list(), []);
  // Every operation that changes something needs the right to operate, but for the beginning and the end of one's own
  // session, which has the role of who began it.
  const writing = IDS.filter((id) => OPERATIONS[id].method !== "GET" && OPERATIONS[id].role !== "operate");
  assert.deepEqual(writing.sort(), ["createLoginCode", "logout"]);
});

Deno.test("a page of another origin cannot write, read by a session, or find out more by CORS", async () => {
  await using fixture = await ApiFixture.open();
  const { send, local, makeToken, port } = fixture;
  const { value: token } = await makeToken("operate");
  const cookie = await logIn({ send, local });
  const body = JSON.stringify({ name: "evil", role: "operate" });
  const write = (headers: Record<string, string>) =>
    send("/api/tokens", { method: "POST", body, headers: { ...JSON_TYPE, ...headers } });
  const foreign: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: `http://127.0.0.1:${port + 1}` },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ];
  for (const headers of foreign) {
    await assertProblem(
      await write({ ...headers, cookie }),
      403,
      "request/origin",
    );
    await assertProblem(
      await write({ ...headers, authorization: `Bearer ${token}` }),
      403,
      "request/origin",
    );
  }
  await assertProblem(await write({ cookie }), 403, "request/origin");
  // A page on another port of this host is of the same site, so its requests carry the cookie.
  const sibling = { cookie, "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" };
  await assertProblem(await send("/api/bots", { headers: sibling }), 403, "request/origin");
  const own = await write({ cookie, origin: `http://127.0.0.1:${port}`, "sec-fetch-site": "same-origin" });
  assert.equal(own.status, 201, await own.text());
  const read = await send("/api/bots", { token, headers: { origin: "https://evil.example" } });
  assert.equal(read.headers.get("access-control-allow-origin"), null);
  await read.body?.cancel();
});

Deno.test("a request for another host is refused, whatever it carries", async () => {
  await using fixture = await ApiFixture.open({ env: { HTTP_HOSTS: "berth.example" } });
  const { makeToken, port } = fixture;
  const { value } = await makeToken("operate");
  const ask = async (host: string) => {
    const answer = await sendRaw(port, [
      `GET /api/bots HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${value}\r\nConnection: close\r\n\r\n`,
    ]);
    return Number(answer.split(" ")[1]);
  };
  for (
    const host of [
      "evil.example",
      `evil.example:${port}`,
      "10.0.0.1",
      "localhost.evil.example",
      "[::2]",
      "a@b",
    ]
  ) {
    assert.ok([421, 400].includes(await ask(host)), host);
  }
  assert.equal(await ask("evil.example"), 421);
  for (const host of [`127.0.0.1:${port}`, "localhost", "LOCALHOST:1", "[::1]:80", "berth.example:443"]) {
    assert.equal(await ask(host), 200, host);
  }
});

Deno.test("a slow header and a slow body are cut off with 408", async () => {
  await using fixture = await ApiFixture.open({ limits: { headersTimeout: 300, requestTimeout: 1000 } });
  const { port, makeToken } = fixture;
  const { value } = await makeToken("operate");
  const { promise: never, resolve } = Promise.withResolvers<void>();
  async function* thenWait(part: string) {
    yield part;
    await never;
  }
  const head = `POST /api/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${value}\r\n` +
    "Content-Type: application/json\r\n";
  const answers = await Promise.all([
    sendRaw(port, thenWait("GET /healthz HTTP/1.1\r\nHost: loc")),
    sendRaw(port, thenWait(`${head}Content-Length: 100\r\n\r\n{"na`)),
    sendRaw(port, thenWait("")),
  ]);
  resolve();
  for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 408 [^]*"code":"request\/timeout"/);
});

Deno.test("a header that is too large is refused", async () => {
  await using fixture = await ApiFixture.open();
  const { port } = fixture;
  const answer = await sendRaw(port, [
    `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
  ]);
  assert.match(
    answer,
    /^HTTP\/1\.1 431 [^]*application\/problem\+json[^]*"code":"request\/header-too-large"/,
  );
  const nonsense = await sendRaw(port, ["NONSENSE\r\n\r\n"]);
  assert.match(nonsense, /^HTTP\/1\.1 400 [^]*"code":"request\/invalid"/);
});

Deno.test("an upload of 1 GB is refused before it comes, with and without a token, and takes no memory", async () => {
  await using fixture = await ApiFixture.open();
  const { port, makeToken } = fixture;
  const { value } = await makeToken("operate");
  // The memory of this thread: others run other tests.
  const used = () => Deno.memoryUsage().heapTotal + Deno.memoryUsage().external;
  const before = used();
  const chunk = "x".repeat(1024 * 1024);
  for (const authorization of [`Authorization: Bearer ${value}\r\n`, ""]) {
    for (const size of ["Content-Length: 1073741824\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"]) {
      let sent = 0;
      const isChunked = size.startsWith("Transfer");
      const upload = function* () {
        yield `PUT /api/bots/one HTTP/1.1\r\nHost: localhost\r\n${authorization}` +
          `Content-Type: application/json\r\n${size}`;
        for (; sent < 1024; sent++) yield isChunked ? `100000\r\n${chunk}\r\n` : chunk;
      };
      const answer = await sendRaw(port, upload());
      assert.ok(sent < 200, `${sent} MiB were taken`);
      if (answer !== "") assert.match(answer, authorization ? /^HTTP\/1\.1 413 / : /^HTTP\/1\.1 401 /);
    }
  }
  // Garbage of the sender counts, too; an upload that is kept would be 1024.
  assert.ok(used() - before < 400 * 1024 * 1024);
});

Deno.test("every parameter refuses traversal, control characters, what is not UTF-8, and what is too long", async () => {
  await using fixture = await ApiFixture.open();
  const { send, makeToken } = fixture;
  const bad = [
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f",
    "a%2fb",
    "a%00",
    "%0a",
    "%ff",
    "a".repeat(300),
    "__proto__",
    "%5c",
  ];
  for (const id of IDS.filter((id) => OPERATIONS[id].path.includes("{"))) {
    // Each token has a limit of its own.
    const { value: token } = await makeToken("operate");
    for (const value of bad) {
      const { method } = OPERATIONS[id];
      const hasBody = (CONTRACT[id] as OperationContract).body !== undefined;
      const response = await send(pathOf(id, value), {
        method,
        token,
        ...(hasBody && { body: "{}", headers: JSON_TYPE }),
      });
      assert.ok([400, 404].includes(response.status), `${id} ${value}: ${response.status}`);
      const problem = await response.json();
      if (response.status === 400) assert.match(problem.issues[0].path, /^path\./);
    }
  }
  const { value: token } = await makeToken("operate");
  for (
    const query of [
      "text=%ff",
      "text=a%00",
      "text=a&text=b",
      "__proto__=1",
      `text=${"a".repeat(300)}`,
      "limit=x",
    ]
  ) {
    const response = await send(`/api/bots?${query}`, { token });
    const { issues } = await response.json();
    assert.equal(response.status, 400, query);
    assert.match(issues[0].path, /^query/);
  }
});

Deno.test("a body that no document may be is refused with its field", async () => {
  await using fixture = await ApiFixture.open();
  const { send, makeToken } = fixture;
  const { value: token } = await makeToken("operate");
  const put = (body: BodyInit, headers: Record<string, string> = JSON_TYPE) =>
    send("/api/bots/one", { method: "PUT", token, body, headers });
  const bodies: [BodyInit, string][] = [
    ['{"config":{"__proto__":{"a":1}}}', "body.config"],
    ['{"a":"\\ud800"}', "body.a"],
    ["[".repeat(100_000), "body"],
    [`${'{"a":'.repeat(300)}1${"}".repeat(300)}`, "body"],
    ["{", "body"],
    ["[]", "body"],
  ];
  for (const [body, path] of bodies) {
    const response = await put(body);
    const { issues } = await response.json();
    assert.deepEqual([response.status, issues[0].path], [400, path]);
  }
  await assertProblem(await put(new Uint8Array([0x22, 0xff, 0x22])), 400);
  await assertProblem(await put("{}", { "content-type": "text/plain" }), 415);
  await assertProblem(await put(`{"a":"${"x".repeat(5 * 1024 * 1024)}"}`), 413);
});

Deno.test("a HEAD gets the header of a stream, and leaves nothing that goes on", async () => {
  await using fixture = await ApiFixture.open();
  const { services, makeToken } = fixture;
  const { value } = await makeToken("read");
  const headers = { host: "localhost", authorization: `Bearer ${value}` };
  const begun: unknown[] = [];
  const ended = new Set<unknown>();
  const { setInterval: begin, clearInterval: end } = globalThis;
  try {
    Object.assign(globalThis, {
      setInterval(...args: Parameters<typeof begin>) {
        begun.push(begin(...args));
        return begun.at(-1);
      },
      clearInterval: (id: Parameters<typeof end>[0]) => (ended.add(id), end(id)),
    });
    for (const path of ["/api/events", "/api/bots"]) {
      const request = new Request(`http://localhost${path}`, { method: "HEAD", headers });
      const response = await services.api(request, "tcp", "127.0.0.1");
      assert.deepEqual([response.status, response.body], [200, null]);
    }
  } finally {
    Object.assign(globalThis, { setInterval: begin, clearInterval: end });
  }
  assert.ok(begun.length > 0, "a stream has a heartbeat");
  assert.deepEqual(begun.filter((id) => !ended.has(id)), []);
});

Deno.test("a deployment cannot name what is no key of an object", async () => {
  await using fixture = await ApiFixture.open();
  const { send, makeToken } = fixture;
  const { value: token } = await makeToken("operate");
  for (const filePath of ["../other", "a//b", "a/", "/etc/passwd", "./a"]) {
    const body = {
      id: "one",
      filePath,
      name: "one",
      version: "1",
      runtime: "python3.11",
      entrypoints: { bot: "main.py" },
    };
    const response = await send("/api/deployments", {
      method: "POST",
      token,
      headers: JSON_TYPE,
      body: JSON.stringify(body),
    });
    await assertProblem(response, 422, "object/invalid-name");
  }
});

Deno.test("a login code works once, a session ends with logout, and a stolen cookie with it", async () => {
  await using fixture = await ApiFixture.open();
  const { send, local } = fixture;
  const code = await local("/api/login-codes", { method: "POST" });
  const { path } = await code.json();
  const answers = await Promise.all([send(path), send(path), send(path)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 401, 401]);
  const header = answers.find(({ status }) => status === 303)!.headers.get("set-cookie")!;
  assert.match(header, /^berth-\d+=session_[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
  await Promise.all(answers.map((answer) => answer.body?.cancel()));
  const cookie = header.split(";")[0]!;
  const page = await send("/", { headers: { cookie, accept: "text/html" } });
  assert.equal(page.status, 200);
  assert.match(await page.text(), /^<!doctype html>/);
  const origin = new URL(page.url).origin;
  const logout = await send("/api/logout", { method: "POST", headers: { cookie, origin } });
  assert.equal(logout.status, 204);
  await assertProblem(await send("/api/bots", { headers: { cookie } }), 401);
  await assertProblem(await send("/login?code=wrong"), 401, "auth/login-code");
});

Deno.test("a session ends with the token that it comes from, and has no more rights", async () => {
  await using fixture = await ApiFixture.open();
  const { send, makeToken, local } = fixture;
  const { id, value: token } = await makeToken("operate");
  const { path } = await (await send("/api/login-codes", { method: "POST", token })).json();
  const answer = await send(path);
  const cookie = answer.headers.get("set-cookie")!.split(";")[0]!;
  const look = async () => {
    const response = await send("/api/service", { headers: { cookie } });
    return { status: response.status, caller: (await response.json()).caller };
  };
  assert.deepEqual(await look(), {
    status: 200,
    caller: { name: "session of token token-1", role: "operate" },
  });
  // Another one that a session begins would outlive the token.
  const origin = new URL(answer.url).origin;
  const another = await send("/api/login-codes", { method: "POST", headers: { cookie, origin } });
  await assertProblem(another, 403, "auth/forbidden");
  await local(`/api/tokens/${id}`, { method: "DELETE" });
  assert.equal((await look()).status, 401);
  await assertProblem(await send("/api/bots", { token }), 401);
});

Deno.test("failures of one address are limited, and keep no valid token of it out", async () => {
  await using fixture = await ApiFixture.open();
  const { send, makeToken } = fixture;
  const { value: token } = await makeToken("read");
  const statuses = [];
  for (let n = 0; n < 40; n++) {
    const response = await send("/api/bots", { token: `berth_abcdefghijkl_${"A".repeat(43)}` });
    statuses.push(response.status);
    if (response.status === 429) assert.match(response.headers.get("retry-after")!, /^[1-9]\d*$/);
    await response.body?.cancel();
  }
  assert.ok(statuses.includes(429), String(statuses));
  assert.equal(statuses[0], 401);
  const own = await send("/api/bots", { token });
  assert.equal(own.status, 200);
  await own.body?.cancel();
});

Deno.test("a token may send 200 requests at once, then is told to wait; another one goes on", async () => {
  await using fixture = await ApiFixture.open();
  const { services, makeToken } = fixture;
  const { value } = await makeToken("read");
  const { value: another } = await makeToken("read");
  // Without sockets, so that they come faster than time passes.
  const ask = async (token: string) => {
    const headers = { host: "localhost", authorization: `Bearer ${token}` };
    return await services.api(new Request("http://localhost/healthz", { headers }), "tcp", "127.0.0.1");
  };
  const answers = await Promise.all(Array.from({ length: 400 }, () => ask(value)));
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length > 50 && refused.length <= 200, String(refused.length));
  assert.equal((await ask(another)).status, 200);
});

Deno.test("one address holds a bounded number of connections, and the socket is open meanwhile", async () => {
  await using fixture = await ApiFixture.open({ limits: { maxPerAddress: 5 } });
  const { port, local } = fixture;
  const connections = await Promise.all(
    Array.from({ length: 12 }, () => Deno.connect({ port, hostname: "127.0.0.1" })),
  );
  try {
    const ended = await Promise.all(
      connections.slice(5).map((one) => one.read(new Uint8Array(1)).catch(() => null)),
    );
    assert.deepEqual(ended, Array(7).fill(null));
    const response = await local("/api/bots");
    assert.equal(response.status, 200);
    await response.body?.cancel();
  } finally {
    for (const one of connections) one.close();
  }
});

/** Logs a browser in. @returns Its cookie. */
async function logIn({ send, local }: Pick<ApiFixture, "send" | "local">): Promise<string> {
  const { path } = await (await local("/api/login-codes", { method: "POST" })).json();
  const answer = await send(path);
  await answer.body?.cancel();
  return answer.headers.get("set-cookie")!.split(";")[0]!;
}
