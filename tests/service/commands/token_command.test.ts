import assert from "node:assert/strict";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";
import { freePort } from "../../support/servers/free_port.ts";

Deno.test("berth token makes a token that works until it is revoked, and dashboard a link", async () => {
  const port = freePort();
  await using service = await ServiceFixture.open({ env: { HTTP_ADDR: `127.0.0.1:${port}` } });
  const none = await service.berth("token", "list");
  assert.match(none.output, /There are no tokens\. Make one with 'berth token create/);

  const made = await service.berth("token", "create", "ci", "--role", "read", "--expires", "90d");
  assert.equal(made.code, 0, made.output);
  assert.match(made.stdout, /^berth_[a-z0-9]{12}_[\w-]{43}$/);
  assert.match(made.output, /only time that the token is shown\. It may read and ends at 20/);
  const again = await service.berth("token", "create", "ci", "--role", "operate");
  assert.deepEqual([again.code, again.stdout], [1, ""]);
  assert.match(again.output, /There is already a token 'ci'\. Choose another name, or revoke it first\./);

  const listed = JSON.parse((await service.berth("token", "list", "--json")).stdout);
  assert.deepEqual(
    listed.map(({ name, role, createdBy }: Record<string, string>) => [name, role, createdBy]),
    [["ci", "read", "local"]],
  );
  const remote = {
    env: { ...service.env, BERTH_SERVER: `http://127.0.0.1:${port}`, BERTH_TOKEN: made.stdout },
  };
  assert.equal((await service.berthIn(remote, "ps")).code, 0);
  const refused = await service.berthIn(remote, "token", "list");
  assert.match(refused.output, /token ci may only read\. Use a token of the role 'operate'/);

  const { stdout: link, output } = await service.berth("dashboard");
  assert.match(link, new RegExp(`^http://127\\.0\\.0\\.1:${port}/login\\?code=login_`));
  assert.match(output, /Open this link within two minutes; it works once/);
  const login = await fetch(link, { redirect: "manual" });
  await login.body?.cancel();
  assert.deepEqual([login.status, login.headers.get("location")], [303, "/"]);

  const unknown = await service.berth("token", "revoke", "other");
  assert.deepEqual([unknown.code, /There is no token 'other'/.test(unknown.output)], [1, true]);
  assert.equal((await service.berth("token", "revoke", "ci")).code, 0);
  const after = await service.berthIn(remote, "ps");
  assert.equal(after.code, 1);
  assert.match(after.output, /does not know the token in BERTH_TOKEN/);
  const bare = { env: { ...remote.env, BERTH_SERVER: `127.0.0.1:${port}` } };
  assert.match(
    (await service.berthIn(bare, "ps")).output,
    /is not the address of a server: write it as http:/,
  );
  const secure = { env: { ...remote.env, BERTH_SERVER: `https://127.0.0.1:${port}` } };
  assert.match((await service.berthIn(secure, "ps")).output, /does not speak TLS: use http:/);
});

Deno.test("berth dashboard says how a browser reaches a service that listens on the socket alone", async () => {
  await using service = await ServiceFixture.open();
  const { code, stdout, output } = await service.berth("dashboard");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(output, /does not listen on TCP.* Set HTTP_ADDR/);
});

for (
  const [args, message] of [
    [["create", "ci"], "Say what the token may do: --role read or --role operate."],
    [["create", "ci", "--role", "admin"], "Say what the token may do: --role read or --role operate."],
    [["create"], "'token create' needs the name of a token."],
    [["list", "ci"], "'token list' takes no name."],
    [["revoke", "ci", "--role", "read"], "--role and --expires are for 'token create'."],
    [["make", "ci"], "'token' has no 'make'; use create, list or revoke."],
    [
      ["create", "ci", "--role", "read", "--expires", "soon"],
      "--expires takes a duration of a second or more, such as 12h or 90d, not 'soon'.",
    ],
  ] as const
) {
  Deno.test(`berth token ${args.join(" ")} says what is wrong`, async () => {
    await using service = await ServiceFixture.open();
    const { code, output } = await service.berth("token", ...args);
    assert.equal(code, 2);
    assert.ok(output.startsWith(`berth: ${message}`), output);
  });
}
