import assert from "node:assert/strict";
import { ApiError } from "../../../cli/client/api_client.ts";
import { parseBotDocument } from "../../../services/documents/bot_document.ts";
import {
  archiveOf,
  deployScript,
  requestOf,
  sha256Of,
  uploadArchive,
} from "../../support/fixtures/deploy_support.ts";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";

async function refused(call: Promise<unknown>, status: number, code: string): Promise<ApiError> {
  const error = await call.then(() => undefined, (error) => error);
  assert.ok(error instanceof ApiError, `${error ?? "was accepted"}`);
  assert.deepEqual([error.status, error.code], [status, code], error.message);
  return error;
}

/** Everything that is documented. */
async function documents({ composed: { stores } }: ServiceFixture) {
  const [bots, schedules] = [await stores.bots.list(), await stores.schedules.list()];
  return { bots: bots.map(({ document }) => document), schedules: schedules.map(({ document }) => document) };
}

/** A configuration of which the values alone would not keep every byte. */
const CONFIG = '{"roi": {"60": 1.0, "30": 1e5},\r\n "account": 1234567890123456789, "é": "\\u00fc"}\n';

Deno.test("deploy writes a document from which the bot gets its configuration byte for byte", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  const first = await deployScript(client, {
    config: CONFIG,
    description: "Trades.",
    settings: { stop_grace_seconds: 5 },
  });
  assert.deepEqual(
    [first.id, first.kind, first.enabled, first.isNew, first.isUnchanged, first.isServed],
    ["mine", "bot", true, true, false, true],
  );
  const [document] = (await documents(service)).bots;
  const parsed = parseBotDocument(document);
  assert.ok(parsed.status === "valid");
  assert.equal(parsed.executable.config, CONFIG);
  assert.deepEqual(parsed.settings, { stopGraceSeconds: 5, restart: "on-failure" });
  const config = document!.config as Record<string, unknown>;
  assert.equal(config.account, 1234567890123456789n);
  assert.match(await client.text("getBot", { params: { id: "mine" } }), /"account":1234567890123456789/);

  const again = await deployScript(client, {
    config: CONFIG,
    description: "Trades.",
    settings: { stop_grace_seconds: 5 },
  });
  assert.deepEqual([again.isNew, again.isUnchanged, again.revision], [false, true, first.revision]);
  assert.deepEqual((await documents(service)).bots, [document], "not even the time changes");
  const { revisions: [latest] } = await client.call("listRevisions", { params: { id: "mine" }, query: {} });
  const archive = archiveOf({ "main.py": "def main(id, config): pass\n" });
  assert.equal(latest!.archiveSha256, sha256Of(archive));
  const changed = await deployScript(client, { config: CONFIG.replace("789", "790") });
  assert.deepEqual([changed.isNew, changed.isUnchanged], [false, false]);
  assert.notEqual(changed.revision, first.revision);
});

Deno.test("deploy happens whole or not at all", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  const code = await uploadArchive(client, archiveOf({ "main.py": "" }));
  const deploy = (more: Record<string, unknown>) =>
    client.call("deploy", { body: { ...requestOf(code), ...more } });
  const missing = await refused(deploy({ filePath: "local/mine/0+0" }), 409, "deployment/code-missing");
  assert.match(missing.message, /'local\/mine\/0\+0' is not stored.*Upload it/);
  const script = await refused(deploy({ entrypoints: { bot: "other.py" } }), 422, "archive/missing-script");
  assert.match(script.message, /'other\.py'.*'main\.py'/);
  for (
    const [more, wanted] of [
      [{ runtime: "cobol" }, /runtime.*cobol/],
      [{ config: "[1]" }, /must be a JSON object/],
      [{ config: '{"password": secret}' }, /not JSON/],
      [{ config: '{"a": 1e999}' }, /config\.a: is Infinity/],
      [{ schedule: "0 0 30 2 *" }, /deployed: schedule: .*never/],
      [{ entrypoints: { bot: "../main.py" } }, /entrypoints\.bot/],
      [{ settings: { stop_grace_seconds: -1 } }, /stop_grace_seconds/],
    ] as const
  ) {
    const error = await refused(deploy(more), 422, "deployment/invalid");
    assert.match(error.message, wanted);
    assert.doesNotMatch(error.message, /secret/);
  }
  await refused(deploy({ id: "a/b" }), 400, "request/invalid");
  await refused(deploy({ unknown: 1 }), 400, "request/invalid");
  await refused(deploy({ name: "a\nb" }), 400, "request/invalid");
  assert.deepEqual(await documents(service), { bots: [], schedules: [] });
});

Deno.test("deploy leaves a disabled bot disabled unless it is asked, and says what disables it", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  await deployScript(client);
  await client.call("disableBot", { params: { id: "mine" } });
  const changed = await deployScript(client, { script: "two" });
  assert.deepEqual([changed.enabled, changed.configDisables, changed.isUnchanged], [false, false, false]);
  const byConfig = await deployScript(client, { config: '{"enabled": "false"}', enabled: true });
  assert.deepEqual([byConfig.enabled, byConfig.configDisables], [true, false]);
  const own = await deployScript(client, { config: '{"enabled": "false"}', id: "own" });
  assert.deepEqual([own.enabled, own.configDisables], [false, true]);
});

Deno.test("one of two deployments on the same base wins, and the other is told", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  const outcomes = async (base: string | null, scripts: string[]) => {
    const all = await Promise.allSettled(scripts.map((script) => deployScript(client, { script, base })));
    const losers = all.flatMap((one) => one.status === "rejected" ? [one.reason as ApiError] : []);
    for (const { status, code, message } of losers) {
      assert.deepEqual([status, code], [409, "deployment/overtaken"]);
      assert.match(message, /Somebody else has deployed.*Deploy again/);
    }
    return all.length - losers.length;
  };
  assert.equal(await outcomes(null, ["1", "2", "3"]), 1);
  const { revision } = await client.call("getDeployment", { params: { id: "mine" } });
  assert.equal(await outcomes(revision, ["4", "5", "6"]), 1);
  assert.equal(await outcomes(revision, ["7"]), 0);
  // A bot that was disabled meanwhile is still the same code.
  const now = await client.call("getDeployment", { params: { id: "mine" } });
  await client.call("disableBot", { params: { id: "mine" } });
  assert.equal(await outcomes(now.revision, ["8"]), 1);
});

Deno.test("an id is a bot or a schedule, never both", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  await deployScript(client);
  await refused(deployScript(client, { schedule: "@daily" }), 409, "document/other-kind");
  const times = await deployScript(client, {
    id: "daily",
    schedule: "0 9 * * mon-fri",
    settings: { timezone: "Europe/Berlin" },
  });
  assert.deepEqual([times.kind, times.schedule], ["schedule", "0 9 * * mon-fri (Europe/Berlin)"]);
  assert.equal(times.nextTimes?.length, 3);
  assert.ok(Date.parse(times.nextTimes[0]!) > Date.now());
  const error = await refused(deployScript(client, { id: "daily" }), 409, "document/other-kind");
  assert.match(error.message, /'daily' is already a schedule.*berth remove daily/);
  const { document } = await client.call("getBot", { params: { id: "mine" } });
  await refused(
    client.call("putBot", { params: { id: "daily" }, body: document! }),
    409,
    "document/other-kind",
  );
  const kinds = await documents(service);
  assert.deepEqual([kinds.bots.length, kinds.schedules.length], [1, 1]);
  assert.equal((await client.call("getDeployment", { params: { id: "daily" } })).kind, "schedule");
  await refused(client.call("getDeployment", { params: { id: "nobody" } }), 404, "deployment/not-found");
});

Deno.test("deploy keeps the last ten archives, and those of other bots", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  await deployScript(client, { id: "mine2" });
  for (let version = 1; version <= 12; version++) await deployScript(client, { version: String(version) });
  const { versions } = await client.call("listVersions", { params: { id: "mine" } });
  assert.deepEqual(versions.map(({ version }) => Number(version)), [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
  assert.equal((await client.call("listVersions", { params: { id: "mine2" } })).versions.length, 1);
});

Deno.test("a dry run says what a deployment would do, and writes nothing", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  const request = requestOf({ id: "mine", version: "1", filePath: "local/mine/1+0000000000000000" });
  const dry = (more = {}) => client.call("deploy", { body: { ...request, ...more, dryRun: true } });
  assert.deepEqual([(await dry()).isNew, (await dry()).isUnchanged], [true, false]);
  await refused(dry({ runtime: "cobol" }), 422, "deployment/invalid");
  assert.deepEqual((await documents(service)).bots, []);
  const { filePath } = await deployScript(client);
  assert.equal((await dry({ version: "1.0.0", filePath })).isUnchanged, true);
  assert.deepEqual([(await dry()).isNew, (await dry()).isUnchanged], [false, false]);
});

Deno.test("deploy names enabled bots of the same folder, and only for a new bot", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  const origin = (path: string, inode: number) => `host:${path}#1-${inode}`;
  const of = async (id: string, where: string) =>
    (await deployScript(client, { id, origin: where })).sameOrigin;
  assert.deepEqual(await of("one", origin("/a", 1)), []);
  assert.deepEqual(await of("moved", origin("/b", 1)), ["one"]);
  assert.deepEqual(await of("moved", origin("/b", 1)), []);
  await client.call("disableBot", { params: { id: "one" } });
  assert.deepEqual(await of("checkout", origin("/b", 2)), ["moved"]);
});
