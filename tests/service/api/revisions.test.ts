import assert from "node:assert/strict";
import { ApiError } from "../../../cli/client/api_client.ts";
import type { DeploymentRequest } from "../../../services/contract/code.ts";
import { deployScript } from "../../support/fixtures/deploy_support.ts";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";
import { until } from "../../support/until.ts";

const BUCKET = "custom-bots";

async function refused(call: Promise<unknown>, status: number, code: string): Promise<ApiError> {
  const error = await call.then(() => undefined, (error) => error);
  assert.ok(error instanceof ApiError, `${error ?? "was accepted"}`);
  assert.deepEqual([error.status, error.code], [status, code], error.message);
  return error;
}

async function historyOf({ client }: ServiceFixture, id = "mine") {
  return (await client.call("listRevisions", { params: { id }, query: {} })).revisions;
}

async function keysOf({ composed }: ServiceFixture): Promise<string[]> {
  return (await Array.fromAsync(composed.store.list(BUCKET, "local/"), ({ key }) => key)).sort();
}

/** Deploys versions 1.0.1, 1.0.2 … of different code. */
async function deployVersions(
  { client }: ServiceFixture,
  count: number,
  more: Partial<DeploymentRequest> = {},
): Promise<string[]> {
  const paths: string[] = [];
  for (let n = 1; n <= count; n++) {
    const config = JSON.stringify({ n, api_key: `secret ${n}` });
    paths.push(
      (await deployScript(client, { script: `# ${n}\n`, version: `1.0.${n}`, config, ...more })).filePath,
    );
  }
  return paths;
}

Deno.test("each change of a document makes a revision that says who, why and what", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  const params = { id: "mine" };
  await refused(client.call("listRevisions", { params, query: {} }), 404, "deployment/not-found");
  await deployVersions(service, 2);
  await deployVersions(service, 2);
  await client.call("disableBot", { params });
  await client.call("enableBot", { params });
  const { document } = await client.call("getBot", { params });
  const config = { ...document!.config as object, berth: { labels: { team: "a" } } };
  await client.call("putBot", { params, body: { ...document, config } });
  // Another program writes the database, and says so.
  await service.composed.bots.apply({
    type: "updated",
    id: "mine",
    document: { config: { ...config, n: 7 } },
    order: { publishedAt: Date.now() },
  });
  await until("its change is noted", async () => (await historyOf(service)).length === 6);
  // And once more, without a word.
  await service.composed.stores.bots.apply({
    type: "updated",
    id: "mine",
    document: { config: { ...config, n: 8 } },
    order: { publishedAt: Date.now() },
  });
  await client.call("deleteBot", { params });
  const revisions = await historyOf(service);
  assert.deepEqual(
    revisions.map(({ number, trigger, actor, changes }) => [number, trigger, actor, changes]),
    [
      [8, "remove", "local", ["removed"]],
      [7, "document", undefined, ["configuration"]],
      [6, "document", undefined, ["configuration"]],
      [5, "write", "local", ["settings"]],
      [4, "deploy", "local", ["version 1.0.1 to 1.0.2", "configuration"]],
      [3, "deploy", "local", ["version 1.0.2 to 1.0.1", "configuration"]],
      [2, "deploy", "local", ["version 1.0.1 to 1.0.2", "configuration"]],
      [1, "deploy", "local", ["the first"]],
    ],
  );
  const { stdout } = await service.berth("history", "mine", "--limit", "3");
  assert.match(stdout, /^REV +WHEN +WHO +WHY +VERSION +CHANGED +STATE\n8 +\d+s ago +local +remove /);
  assert.match(stdout, /^7 .* another program +document +1\.0\.2 +configuration$/m);
  assert.equal(stdout.split("\n").length, 4);
  const one = await client.call("getRevision", { params: { ...params, number: "6" } });
  assert.equal((one.document!.config as { n: number }).n, 7);
  assert.match(
    (await refused(
      client.call("getRevision", { params: { ...params, number: "9" } }),
      404,
      "revision/not-found",
    ))
      .message,
    /no revision 9: the latest is 8/,
  );
});

Deno.test("rollback writes an earlier document anew, and leaves enabled as it is", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  const params = { id: "mine" };
  const exact = '{"a": 1.0, "big": 12345678901234567890}\n';
  await deployScript(client, { script: "# 1\n", version: "1", config: exact });
  assert.match(
    (await refused(client.call("rollback", { params, body: {} }), 409, "revision/none")).message,
    /no earlier revision/,
  );
  await deployVersions(service, 1);
  await client.call("disableBot", { params });
  const check = await service.berth("rollback", "mine", "--dry-run");
  assert.match(check.stdout, /^mine can go back to revision 1 \(version 1\); revision 2 is deployed$/);
  assert.equal((await historyOf(service)).length, 2);
  const back = await service.berth("rollback", "mine");
  assert.equal(back.code, 0, back.output);
  assert.match(
    back.output,
    /^mine is back at revision 1 \(version 1\), as its revision 3\nmine is disabled; /,
  );
  const [latest] = await historyOf(service);
  assert.deepEqual([latest!.trigger, latest!.restores, latest!.isCurrent], ["rollback", 1, true]);
  const { document, enabled } = await client.call("getBot", { params });
  assert.equal(enabled, false);
  assert.equal(document!.config_text, exact);
  assert.match(await client.text("getBot", { params }), /12345678901234567890/);
  // The revision before the deployed one: back and forth.
  await client.call("enableBot", { params });
  assert.deepEqual(
    [await client.call("rollback", { params, body: {} })].map(({ restores, enabled }) => [restores, enabled]),
    [[2, true]],
  );
  await refused(client.call("rollback", { params, body: { to: 2 } }), 409, "revision/deployed");
  await refused(client.call("rollback", { params, body: { to: 77 } }), 404, "revision/not-found");
  // A bot that was removed comes back as it was.
  await client.call("deleteBot", { params });
  assert.equal((await client.call("rollback", { params, body: {} })).restores, 4);
  assert.equal((await client.call("getBot", { params })).version, "1.0.1");
  await refused(client.call("rollback", { params: { id: "none" }, body: {} }), 404, "deployment/not-found");
});

Deno.test("rollback keeps what other programs wrote, and clears a configuration text that is not the revision's", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  const params = { id: "mine" };
  const code = await deployScript(client);
  const { document } = await client.call("getBot", { params });
  await client.call("deleteBot", { params });
  const { config_text: _text, ...plain } = document!;
  await client.call("putBot", { params, body: { ...plain, config: { enabled: "0", x: 1 }, mine: 1 } });
  await deployScript(client, { config: '{"x": 2.0}', enabled: true });
  await client.call("putBot", {
    params,
    body: { mine: 2, ...(await client.call("getBot", { params })).document },
  });
  const { number } = await client.call("rollback", { params, body: { to: 3 } });
  const after = await client.call("getBot", { params });
  assert.deepEqual(after.document!.config, { enabled: true, x: 1 });
  assert.equal(after.document!.config_text, "");
  assert.equal(after.document!.mine, 1);
  assert.equal(after.enabled, true);
  assert.equal((after.document!.custom as { filePath: string }).filePath, code.filePath);
  assert.equal((await historyOf(service))[0]!.number, number);
});

Deno.test("rollback to an archive that is gone is refused, says what is missing, and changes nothing", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  const params = { id: "mine" };
  const [first] = await deployVersions(service, 2);
  const before = await client.call("getBot", { params });
  await service.composed.store.delete(BUCKET, first!);
  const { code, output } = await service.berth("rollback", "mine");
  assert.equal(code, 1);
  assert.match(
    output,
    /'mine' cannot go back to revision 1: its archive 'local\/mine\/1\.0\.1\+\w+' is gone\. Deploy that version from its/,
  );
  assert.deepEqual(await client.call("getBot", { params }), before);
  assert.match((await historyOf(service))[1]!.missing!, /^its archive '.*' is gone$/);
  // One that is there, and damaged.
  await service.composed.store.put(BUCKET, first!, new TextEncoder().encode("no archive"));
  await refused(client.call("rollback", { params, body: {} }), 422, "archive/not-a-zip");
  // A document that cannot run.
  await client.call("putBot", { params, body: { ...before.document, config: {} } });
  await service.composed.bots.apply({
    type: "updated",
    id: "mine",
    document: { custom: { filePath: "x", config: { runtime: "cobol", entrypoints: { bot: "x" } } } },
    order: { publishedAt: Date.now() },
  });
  await until("it is noted", async () => (await historyOf(service)).length === 4);
  await client.call("putBot", { params, body: before.document! });
  const gone = await refused(client.call("rollback", { params, body: { to: 4 } }), 409, "revision/gone");
  assert.match(gone.message, /its archive 'x' is gone/);
  await service.composed.store.put(BUCKET, "x", new Uint8Array(1));
  assert.match(
    (await refused(client.call("rollback", { params, body: { to: 4 } }), 422, "document/invalid")).message,
    /cannot be run: .*cobol/,
  );
});

Deno.test("only archives that a kept revision, a document or a backtest names stay", async () => {
  await using service = await ServiceFixture.open({ env: { KEEP_REVISIONS: "3" } });
  const { client } = service;
  const params = { id: "mine" };
  const paths = await deployVersions(service, 5);
  assert.deepEqual(await keysOf(service), paths.slice(2).sort());
  const revisions = await historyOf(service);
  assert.deepEqual(revisions.map(({ missing }) => missing), [
    undefined,
    undefined,
    undefined,
    "its document is not kept any more",
    "its document is not kept any more",
  ]);
  await refused(client.call("rollback", { params, body: { to: 1 } }), 409, "revision/gone");
  // Going back makes a revision: 1.0.3 stays, because it is deployed, and 1.0.4, which is one of the last three.
  await client.call("rollback", { params, body: { to: 3 } });
  assert.deepEqual(await keysOf(service), paths.slice(2).sort());
  // The document's own word counts, and other ids do not.
  await deployScript(client, { script: "# 1\n", id: "other" });
  const [lone] = await deployVersions(service, 1, { settings: { keep_revisions: 1 } });
  assert.deepEqual((await keysOf(service)).filter((key) => key.startsWith("local/mine/")), [lone]);
  assert.equal((await keysOf(service)).length, 2);
  assert.match(
    (await refused(deployScript(client, { settings: { keep_revisions: 0 } }), 422, "deployment/invalid"))
      .message,
    /keep_revisions: must be a whole number from 1 to 100/,
  );
});

Deno.test("prune lists and removes what nothing needs, and leaves what others run", async () => {
  await using service = await ServiceFixture.open({ env: { KEEP_REVISIONS: "1" } });
  const { client, composed: { store } } = service;
  assert.match((await service.berth("prune")).stdout, /^Nothing to remove/);
  const first = await deployScript(client, { script: "# 1\n" });
  // A second bot that runs the same archive.
  const { document } = await client.call("getBot", { params: { id: "mine" } });
  await client.call("putBot", { params: { id: "twin" }, body: { ...document, id: "twin" } });
  const second = await deployScript(client, { script: "# 2\n" });
  assert.deepEqual(await keysOf(service), [first.filePath, second.filePath].sort());
  // Left over: of a deployment that was cut off long ago, and of other programs.
  const bytes = new Uint8Array(1500);
  await store.put(BUCKET, "local/mine/9+0123456789abcdef", bytes);
  await store.put(BUCKET, "local/gone/9+0123456789abcdef", bytes);
  await store.put(BUCKET, "me/mine/1", bytes);
  await store.put(BUCKET, "local/mine/by hand", bytes);
  const dry = await service.berth("prune", "--dry-run");
  assert.match(
    dry.stdout,
    /local\/gone\/9\+0123456789abcdef +2 kB\n(.*\n)*2 objects of 3 kB would be removed\.$/,
  );
  assert.equal((await keysOf(service)).length, 5);
  const one = JSON.parse((await service.berth("prune", "mine", "--json")).stdout);
  assert.deepEqual(one, { objects: [{ key: "local/mine/9+0123456789abcdef", size: 1500 }], bytes: 1500 });
  assert.match((await service.berth("prune")).stdout, /\n1 object of 2 kB removed\.$/);
  assert.deepEqual(
    await keysOf(service),
    [first.filePath, "local/mine/by hand", second.filePath].sort(),
  );
  assert.ok(await store.stat(BUCKET, "me/mine/1"));
  await client.call("deleteBot", { params: { id: "twin" } });
  await client.call("purge", { params: { id: "twin" } });
  assert.match(
    (await service.berth("prune")).stdout,
    new RegExp(`^${first.filePath.replaceAll("+", "\\+")} `),
  );
});

Deno.test("an archive that was uploaded stays until its deployment, whoever deploys or prunes meanwhile", async () => {
  await using service = await ServiceFixture.open({ env: { KEEP_REVISIONS: "1" } });
  const { client } = service;
  await deployScript(client, { script: "# 1\n" });
  const { archiveOf, requestOf, uploadArchive } = await import("../../support/fixtures/deploy_support.ts");
  const early = await uploadArchive(client, archiveOf({ "main.py": "# early\n" }));
  await deployScript(client, { script: "# 2\n" });
  await service.berth("prune");
  const { filePath } = await client.call("deploy", { body: requestOf(early) });
  assert.deepEqual(await keysOf(service), [filePath]);
  // The requested version is deployed next.
  const late = await deployScript(client, { script: "# 3\n" });
  assert.deepEqual(await keysOf(service), [late.filePath]);
});

Deno.test("diff shows values, files and lines, and no value of a key that looks like a secret", async () => {
  await using service = await ServiceFixture.open();
  const { client, temp } = service;
  const first = await deployScript(client, {
    script: "a = 1\nb = 2\n",
    config: '{"fast": 5, "keys": ["k"], "nested": {"password": "hunter2", "gone": true}}',
  });
  await deployScript(client, {
    script: "a = 1\nb = 3\n",
    version: "1.1.0",
    config: '{"fast": 9007199254740993, "api_key": "sk-1", "nested": {"password": "hunter3"}}',
    settings: { stop_grace_seconds: 5 },
  });
  const { code, stdout } = await service.berth("diff", "mine", "1");
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^mine: revision 1 \(version 1\.0\.0, deploy by local, \d+s ago\) to revision 2 \(version 1\.1\.0/,
  );
  assert.match(stdout, /^ {2}config\.api_key: changed; the value is not shown$/m);
  assert.match(stdout, /^ {2}config\.berth\.stop_grace_seconds: 5 \(new\)$/m);
  assert.match(stdout, /^ {2}config\.fast: 5 -> 9007199254740993$/m);
  assert.match(stdout, /^ {2}config\.nested\.gone: true \(removed\)$/m);
  assert.match(stdout, /^ {2}changed +main\.py {2}12 -> 12 bytes$/m);
  assert.match(stdout, /^ a = 1\n-b = 2\n\+b = 3$/m);
  assert.doesNotMatch(stdout, /hunter|sk-1/);
  assert.match((await service.berth("diff", "mine", "2", "2")).stdout, /\nThey do not differ\.$/);
  const wrong = await service.berth("diff", "mine", "x");
  assert.deepEqual([wrong.code, /'x' is no number of a revision/.test(wrong.output)], [2, true]);
  await service.composed.store.delete(BUCKET, first.filePath);
  assert.match(
    (await service.berth("diff", "mine", "1", "2")).stdout,
    /the code cannot be compared: .*1\.0\.0\+/,
  );
  const uploads = `${temp}/${service.config.runner.instance}/uploads`;
  assert.deepEqual(await Array.fromAsync(Deno.readDir(uploads)).catch(() => []), []);
});

Deno.test("revisions of a schedule, and purge removes what is kept of an id", async () => {
  await using service = await ServiceFixture.open();
  const { client } = service;
  const params = { id: "mine" };
  await deployScript(client, { schedule: "0 9 * * *" });
  await deployScript(client, { schedule: "0 10 * * *" });
  assert.deepEqual((await historyOf(service))[0]!.changes, ["schedule"]);
  const { kind, restores } = await client.call("rollback", { params, body: {} });
  assert.deepEqual([kind, restores], ["schedule", 1]);
  assert.equal((await client.call("getSchedule", { params })).schedule, "0 9 * * *");
  await client.call("deleteSchedule", { params });
  const { revisions } = await client.call("purge", { params });
  assert.equal(revisions, 4);
  await refused(client.call("listRevisions", { params, query: {} }), 404, "deployment/not-found");
  await deployScript(client);
  assert.deepEqual((await historyOf(service)).map(({ number, kind }) => [number, kind]), [[1, "bot"]]);
});
