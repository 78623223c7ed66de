import assert from "node:assert/strict";
import { configure, reset } from "@logtape/logtape";
import { ApiListener, type TcpEntrance } from "../../../services/api/api_listener.ts";
import { clientAddress } from "../../../services/api/client_address.ts";

/** Listens, and gives what was logged. */
class ListenerFixture implements AsyncDisposable {
  readonly port: number | undefined;
  readonly socket: string;
  readonly logged: readonly string[];
  readonly #stack: AsyncDisposableStack;

  private constructor(
    { port, socket, logged }: Pick<ListenerFixture, "port" | "socket" | "logged">,
    stack: AsyncDisposableStack,
  ) {
    this.port = port;
    this.socket = socket;
    this.logged = logged;
    this.#stack = stack;
  }

  static async open(tcp: TcpEntrance | undefined, name = "api.sock"): Promise<ListenerFixture> {
    await using stack = new AsyncDisposableStack();
    const logged: string[] = [];
    await configure({
      sinks: {
        list: ({ rawMessage, properties }) =>
          void logged.push(`${String(rawMessage)} ${JSON.stringify(properties)}`),
      },
      loggers: [
        { category: ["berth"], lowestLevel: "info", sinks: ["list"] },
        { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
      ],
    });
    stack.defer(() => reset());
    const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const socket = `${folder}/${name}`;
    const app = (_request: Request, entrance: string, from: string) =>
      Promise.resolve(new Response(`${entrance} ${from}`));
    const listener = stack.use(await ApiListener.listen(app, { socket, ...(tcp && { tcp }) }));
    return new ListenerFixture({ port: listener.port, socket, logged }, stack.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function askSocket(path: string): Promise<string> {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  return await (await fetch("http://berth/", { client } as RequestInit)).text();
}

Deno.test("a port that is taken is said, and the socket is open all the same", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr as Deno.NetAddr;
  await using fixture = await ListenerFixture.open({ hostname: "127.0.0.1", port });
  const { port: own, socket, logged } = fixture;
  assert.equal(own, undefined);
  assert.equal(await askSocket(socket), "unix unix");
  assert.ok(
    logged.some((line) => line.includes(`port ${port} is in use by another program`)),
    logged.join("\n"),
  );
});

Deno.test("an address that this machine does not have is said", async () => {
  await using fixture = await ListenerFixture.open({ hostname: "203.0.113.1", port: 0 });
  const { port, logged } = fixture;
  assert.equal(port, undefined);
  assert.ok(logged.some((line) => line.includes("203.0.113.1: correct HTTP_ADDR")), logged.join("\n"));
  return Promise.resolve();
});

Deno.test("a path that is too long for a socket is said, and TCP is open all the same", async () => {
  await using fixture = await ListenerFixture.open(
    { hostname: "127.0.0.1", port: 0 },
    `${"x".repeat(120)}.sock`,
  );
  const { port, logged } = fixture;
  assert.ok(logged.some((line) => /at most 107: choose a shorter TEMP_DIR/.test(line)), logged.join("\n"));
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "tcp 127.0.0.1");
});

Deno.test("the socket is closed to other users, and replaces that of a killed service", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    const socket = `${folder}/api.sock`;
    const app = () => Promise.resolve(new Response("it"));
    // Nobody answers at it, and it is there.
    await using _other = await ApiListener.listen(app, { socket: `${folder}/other.sock` });
    await Deno.rename(`${folder}/other.sock`, socket);
    await using _listener = await ApiListener.listen(app, { socket });
    assert.equal((await Deno.stat(socket)).mode! & 0o777, 0o600);
    assert.equal(await askSocket(socket), "it");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a proxy's client is the last one that it names; without a proxy nobody is believed", () => {
  const from = (forwarded: string | undefined, isBehindProxy: boolean) =>
    clientAddress({
      socket: { remoteAddress: "10.0.0.9" },
      headers: { ...(forwarded !== undefined && { "x-forwarded-for": forwarded }) },
    }, isBehindProxy);
  assert.equal(from("1.2.3.4", false), "10.0.0.9");
  assert.equal(from(undefined, true), "10.0.0.9");
  assert.equal(from("6.6.6.6, 1.2.3.4", true), "1.2.3.4");
  assert.equal(from("1.2.3.4:5555", true), "1.2.3.4");
  assert.equal(from("[2001:db8::1]:5555", true), "2001:db8::1");
  assert.equal(from("1.2.3.4, unknown", true), "10.0.0.9");
});
