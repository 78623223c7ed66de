import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { parseSecretReference } from "../../../../lib/secrets/secret_reference.ts";
import { type VaultConfig, VaultSecrets } from "../../../../lib/secrets/vault_secrets.ts";
import { Secret } from "../../../../lib/util/secret.ts";

/** Answers as Vault 1.17 does, with bodies in its form. */
class VaultFixture implements AsyncDisposable {
  readonly config: VaultConfig;
  /** The requests that came in. */
  readonly asked: string[] = [];
  /** Status of every answer; 0 for the right ones. */
  fail = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    this.config = { address: `http://127.0.0.1:${port}`, token: new Secret("hvs.right") };
    server.on("request", (request, response) => this.#answer(request, response));
  }

  static async open(): Promise<VaultFixture> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new VaultFixture(server);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.asked.push(`${request.method} ${request.url}`);
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(JSON.stringify(body) + "\n");
    };
    if (this.fail !== 0) return answer(this.fail, { errors: ["Vault is sealed"] });
    if (request.headers["x-vault-token"] !== "hvs.right") {
      return answer(403, { errors: ["permission denied", "2 errors occurred: hvs.wrong"] });
    }
    const metadata = {
      created_time: "2026-01-01T00:00:00Z",
      deletion_time: "",
      destroyed: false,
      version: 3,
    };
    const wrapper = {
      request_id: "5d6f",
      lease_id: "",
      renewable: false,
      lease_duration: 0,
      wrap_info: null,
    };
    switch (request.url) {
      case "/v1/kv/data/binance":
        return answer(200, {
          ...wrapper,
          data: { data: { key: "from the vault", port: 8080 }, metadata },
          warnings: null,
          auth: null,
          mount_type: "kv",
        });
      case "/v1/kv/data/deleted":
        return answer(404, {
          ...wrapper,
          data: { data: null, metadata: { ...metadata, deletion_time: "2026-01-02" } },
        });
      case "/v1/secret/old":
        return answer(200, { ...wrapper, data: { key: "version one" } });
      case "/v1/moved":
        response.writeHead(307, { location: "http://127.0.0.1:1/v1/elsewhere" });
        return void response.end();
    }
    answer(404, { errors: [] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function reference(text: string) {
  const parsed = parseSecretReference(text);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return parsed.reference;
}

Deno.test("vault: reads a field of version 2 of the engine, with one request for many bots", async () => {
  await using vaultServer = await VaultFixture.open();
  const { config, asked } = vaultServer;
  let now = 0;
  using vault = new VaultSecrets(config, () => now);
  const key = reference("vault:kv/data/binance#key");
  const values = await Promise.all(Array.from({ length: 50 }, () => vault.resolve(key)));
  assert.deepEqual([...new Set(values)], ["from the vault"]);
  assert.deepEqual(asked, ["GET /v1/kv/data/binance"]);
  now += 6_000;
  await vault.resolve(key);
  assert.equal(asked.length, 2, "a later start asks again");
  for (let pass = 0; pass < 9; pass++, now += 30_000) assert.equal(await vault.peek(key), "from the vault");
  assert.equal(asked.length, 2, "bots that run do not ask at each pass");
});

Deno.test("vault: says what is wrong, and shows neither token nor answer", async () => {
  await using world = await VaultFixture.open();
  const problem = async (text: string, config: VaultConfig | undefined = world.config) => {
    using vault = new VaultSecrets(config);
    const error = await vault.resolve(reference(text)).then(
      () => assert.fail("resolved"),
      (error) => error,
    );
    assert.ok(!/hvs\./.test(error.message), error.message);
    return error.message;
  };
  assert.match(
    await problem("vault:kv/data/none#key"),
    /has no 'kv\/data\/none'; .* 'data' after the mount/,
  );
  assert.match(await problem("vault:kv/data/deleted#key"), /has no/);
  assert.match(await problem("vault:kv/data/binance#other"), /has no field 'other'/);
  assert.match(await problem("vault:kv/data/binance#port"), /is not a string/);
  assert.match(await problem("vault:secret/old#key"), /not that of version 2/);
  assert.match(await problem("vault:moved#key"), /with status 307/);
  const wrong = { ...world.config, token: new Secret("hvs.wrong") };
  assert.match(await problem("vault:kv/data/binance#key", wrong), /refuses to read .* token is not valid/);
  world.fail = 503;
  assert.match(await problem("vault:kv/data/binance#key"), /is sealed/);
  const away = { ...world.config, address: "http://127.0.0.1:1" };
  assert.match(await problem("vault:kv/data/binance#key", away), /cannot be asked/);
  using none = new VaultSecrets(undefined);
  await assert.rejects(none.resolve(reference("vault:a#b")), /VAULT_ADDR is not set/);
});

Deno.test("vault: keeps the value of what runs while it is down, and reads the token at each request", async () => {
  await using world = await VaultFixture.open();
  const tokenFile = await Deno.makeTempFile({ prefix: "berth-test-" });
  try {
    const { token: _token, ...config } = world.config;
    let now = 0;
    using vault = new VaultSecrets({ ...config, tokenFile }, () => now);
    const key = reference("vault:kv/data/binance#key");
    await assert.rejects(vault.resolve(key), /does not hold one token/);
    await Deno.writeTextFile(tokenFile, "hvs.right\n");
    now += 6_000;
    assert.equal(await vault.resolve(key), "from the vault");
    world.fail = 503;
    now += 600_000;
    assert.equal(await vault.peek(key), "from the vault");
    await assert.rejects(vault.resolve(key), /is sealed/);
    assert.equal(await vault.peek(key), "from the vault");
  } finally {
    await Deno.remove(tokenFile);
  }
});
