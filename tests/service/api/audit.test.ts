import assert from "node:assert/strict";
import { systemClock } from "../../../lib/util/clock.ts";
import { Audit } from "../../../services/api/audit.ts";
import { parseServiceConfig } from "../../../services/config.ts";
import type { AuditEntry } from "../../../services/contract/service.ts";
import { ApiFixture } from "../../support/fixtures/api_fixture.ts";

const JSON_TYPE = { "content-type": "application/json" };
const DOCUMENT = {
  config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
  custom: {
    version: "1",
    filePath: "bot/1",
    config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
  },
};

async function entriesOf({ local }: ApiFixture, query = ""): Promise<AuditEntry[]> {
  return (await (await local(`/api/audit${query}`)).json()).entries;
}

Deno.test("every write leaves who, where, what and the hashes before and after", async () => {
  await using fixture = await ApiFixture.open();
  const { send, local, makeToken } = fixture;
  const { value: token } = await makeToken("operate", { name: "ci" });
  const put = (more: object) =>
    send("/api/bots/one", {
      method: "PUT",
      token,
      headers: JSON_TYPE,
      body: JSON.stringify({ ...DOCUMENT, ...more }),
    });
  const [first, second] = [await put({}), await put({ note: "changed" })];
  assert.deepEqual([first.status, second.status], [201, 200], await second.text());
  const etags = [first, second].map(({ headers }) => headers.get("etag")!);
  assert.equal((await send("/api/bots/one", { method: "DELETE", token })).status, 204);
  const missing = await local("/api/bots/none/enable", { method: "POST" });
  assert.equal(missing.status, 404);
  const ofBots = (await entriesOf(fixture)).filter(({ operation }) => /Bot$/.test(operation));
  const shown = ofBots.map(({ id: _id, at: _at, ...rest }) => rest);
  const ci = { who: "token ci", from: "127.0.0.1", subject: "one" };
  assert.deepEqual(shown, [
    {
      who: "local",
      from: "unix",
      operation: "enableBot",
      subject: "none",
      status: 404,
      code: "bot/not-found",
    },
    { ...ci, operation: "deleteBot", status: 204, before: etags[1] },
    { ...ci, operation: "putBot", status: 200, before: etags[0], after: etags[1] },
    { ...ci, operation: "putBot", status: 201, after: etags[0] },
  ]);
  await Promise.all([first.body?.cancel(), missing.body?.cancel()]);
});

Deno.test("the audit holds no secret, and no read", async () => {
  await using fixture = await ApiFixture.open();
  const { value } = await fixture.makeToken("operate");
  const { path } = await (await fixture.local("/api/login-codes", { method: "POST" })).json();
  await (await fixture.send("/api/bots", { token: value })).body?.cancel();
  const text = JSON.stringify(await entriesOf(fixture));
  assert.ok(!text.includes(value) && !text.includes(path.split("=")[1]), text);
  assert.deepEqual((await entriesOf(fixture)).map(({ operation }) => operation), [
    "createLoginCode",
    "createToken",
  ]);
});

Deno.test("the audit is listed in pages, by operation, subject, caller and time", async () => {
  await using fixture = await ApiFixture.open();
  for (let n = 0; n < 5; n++) {
    await (await fixture.local(`/api/bots/b${n}/enable`, { method: "POST" })).text();
  }
  await (await fixture.local("/api/bots/b1/disable", { method: "POST" })).text();
  const all = await entriesOf(fixture);
  assert.equal(all.length, 6);
  assert.deepEqual(all.map(({ at }) => at), all.map(({ at }) => at).toSorted().toReversed());
  const paged: AuditEntry[] = [];
  let cursor = "";
  do {
    const query = `?operation=enableBot&limit=2${cursor && `&cursor=${cursor}`}`;
    const page = await (await fixture.local(`/api/audit${query}`)).json();
    paged.push(...page.entries);
    cursor = page.next ?? "";
  } while (cursor !== "");
  assert.deepEqual(paged.map(({ subject }) => subject), ["b4", "b3", "b2", "b1", "b0"]);
  assert.equal((await entriesOf(fixture, "?subject=b1")).length, 2);
  assert.equal((await entriesOf(fixture, "?who=somebody")).length, 0);
  const [newest, , oldest] = [all[0]!, all[1]!, all.at(-1)!];
  assert.ok((await entriesOf(fixture, `?from=${oldest.at}`)).some(({ id }) => id === oldest.id));
  assert.ok((await entriesOf(fixture, `?to=${newest.at}`)).every(({ at }) => at < newest.at));
});

Deno.test("old entries go when new ones come", async () => {
  await using fixture = await ApiFixture.open();
  const { services } = fixture;
  const { records } = services.stores;
  let now = Date.parse("2026-01-01T00:00:00Z");
  const audit = new Audit(records, { ...systemClock, now: () => now }, 90 * 86_400_000);
  const request = { params: { id: "one" }, caller: { name: "local", from: "unix" } };
  const write = () => audit.around("enableBot", request as never, () => Promise.resolve({ body: {} }));
  await write();
  now += 60 * 86_400_000;
  await write();
  assert.equal((await audit.list({ limit: 10 })).entries.length, 2);
  now += 31 * 86_400_000;
  await write();
  const { entries } = await audit.list({ limit: 10 });
  assert.deepEqual(entries.map(({ at }) => at.slice(0, 10)), ["2026-04-02", "2026-03-02"]);
});

Deno.test("GET /api/service says what is wrong, and shows no secret", async () => {
  await using fixture = await ApiFixture.open();
  const { local } = fixture;
  const service = await (await local("/api/service")).json();
  assert.deepEqual([service.instance, service.caller.name], ["test", "local"]);
  const states = Object.fromEntries(
    service.parts.map((part: { name: string; state: string }) => [part.name, part.state]),
  );
  assert.deepEqual(states, { documents: "ok", objects: "ok", engine: "problem" });
  assert.equal(service.configuration.runner.instance, "test");
});

Deno.test("the configuration as GET /api/service shows it has no credentials of servers", () => {
  const text = JSON.stringify(parseServiceConfig({
    HOME: "/home/somebody",
    MINIO_ENDPOINT: "127.0.0.1:1",
    MINIO_ACCESS_KEY: "access-hunter22",
    MINIO_SECRET_KEY: "secret-hunter22",
    MONGO_URI: "mongodb://user:hunter22@127.0.0.1:1",
    NATS_URL: "nats://user:hunter22@127.0.0.1:1",
  }));
  assert.ok(!text.includes("hunter22"), text);
  assert.equal(text.match(/\[redacted\]/g)!.length, 4);
});
