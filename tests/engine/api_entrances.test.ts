import assert from "node:assert/strict";
import { ApiClient, serverOf } from "../../cli/client/api_client.ts";
import { servicePermissions } from "../../cli/commands/permissions_command.ts";
import { parseServiceConfig } from "../../services/config.ts";
import { EmbeddedFixture } from "../support/fixtures/embedded_fixture.ts";
import { startBerth } from "../support/processes/berth_process.ts";
import { freePort } from "../support/servers/free_port.ts";
import { until } from "../support/until.ts";

async function untilBotRuns({ containers }: EmbeddedFixture): Promise<void> {
  await until("the bot runs", async () => (await containers()).some(({ running }) => running));
}

Deno.test("bots are looked after although the port is taken", async () => {
  await using fixture = await EmbeddedFixture.open();
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr as Deno.NetAddr;
  await fixture.write("one");
  await using berth = fixture.start({ HTTP_ADDR: `127.0.0.1:${port}` });
  await berth.logged(
    new RegExp(`port ${port} is in use by another program: end it, or choose another with HTTP_ADDR`),
  );
  await untilBotRuns(fixture);
  using client = new ApiClient(serverOf(fixture.env));
  assert.equal((await client.call("listBots", { query: {} })).bots.length, 1);
});

Deno.test("bots are looked after although the path of the socket is too long", async () => {
  await using fixture = await EmbeddedFixture.open();
  await fixture.write("one");
  const TEMP_DIR = `${fixture.temp}/${"long".repeat(20)}`;
  await using berth = fixture.start({ TEMP_DIR, HTTP_ADDR: "off" });
  await berth.logged(/a unix socket's may have at most 107: choose a shorter TEMP_DIR/);
  await untilBotRuns(fixture);
});

Deno.test("an address that others reach needs TLS, which works under the printed permissions", async () => {
  await using fixture = await EmbeddedFixture.open();
  const port = freePort();
  const [cert, key] = [`${fixture.temp}/cert.pem`, `${fixture.temp}/key.pem`];
  // A certificate that is no authority, which a client would refuse.
  const settings = `${fixture.temp}/openssl.cnf`;
  await Deno.writeTextFile(
    settings,
    "[req]\ndistinguished_name = name\nx509_extensions = all\n[name]\n[all]\n" +
      "basicConstraints = CA:FALSE\nsubjectAltName = DNS:berth.example, DNS:localhost\n",
  );
  const made = await new Deno.Command("openssl", {
    args: ["req", "-x509", "-config", settings, "-newkey", "rsa:2048", "-nodes", "-days", "2"]
      .concat("-subj", "/CN=berth.example", "-keyout", key, "-out", cert),
    stderr: "null",
  }).output();
  assert.ok(made.success, "openssl makes no certificate");
  await using berth = fixture.start({
    HTTP_ADDR: `0.0.0.0:${port}`,
    HTTP_TLS_CERT: cert,
    HTTP_TLS_KEY: key,
    HTTP_HOSTS: "berth.example",
  });
  await berth.logged(/listening entrance=tcp/);
  using local = new ApiClient(serverOf(fixture.env));
  const { value } = await local.call("createToken", { body: { name: "ci", role: "read" } });
  const { url, path } = await local.call("createLoginCode", {});
  assert.equal(url, `https://berth.example:${port}${path}`);
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(cert)] });
  const send = (path: string, init: RequestInit = {}) =>
    fetch(`https://localhost:${port}${path}`, { redirect: "manual", ...init, client } as RequestInit);
  const bots = await send("/api/bots", { headers: { authorization: `Bearer ${value}` } });
  assert.deepEqual([bots.status, await bots.json()], [200, { bots: [] }]);
  const login = await send(path);
  assert.match(login.headers.get("set-cookie")!, new RegExp(`^__Host-berth-${port}=.*; Secure$`));
  await login.body?.cancel();
  await assert.rejects(fetch(`http://localhost:${port}/healthz`));
});

Deno.test("without TLS or a proxy the service does not start on an address that others reach", async () => {
  await using fixture = await EmbeddedFixture.open();
  // The flags of a valid configuration: this one has none.
  const env = { ...fixture.env, HTTP_ADDR: "0.0.0.0:8420" };
  await using berth = startBerth(env, servicePermissions(parseServiceConfig(fixture.env)));
  const { code } = await berth.status;
  assert.equal(code, 2);
  assert.match(berth.lines.join("\n"), /HTTP_ADDR: .*plain text; set HTTP_TLS_CERT/);
});
