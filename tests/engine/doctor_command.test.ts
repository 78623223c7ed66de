import assert from "node:assert/strict";
import type { Finding } from "../../cli/finding.ts";
import { connectSqlite } from "../../services/sqlite/connect_sqlite.ts";
import { BOTS } from "../../services/sqlite/sqlite_document_kind.ts";
import { SqliteDocumentRepository } from "../../services/sqlite/sqlite_document_repository.ts";
import { InstanceLock } from "../../lib/runner/instance_lock.ts";
import { berth, CliProcess, cliVariables, ROOT } from "../support/fixtures/cli_support.ts";
import { CliFixture } from "../support/fixtures/cli_fixture.ts";
import { until } from "../support/until.ts";
import { startBerth } from "../support/processes/berth_process.ts";
import { testWithNats } from "../support/servers/nats_server.ts";

async function doctor(
  env: Record<string, string>,
): Promise<{ code: number; output: string; of: (subject: string) => Finding | undefined }> {
  const { code, stdout, output } = await CliProcess.run(["doctor", "--json"], env);
  const findings: Finding[] = JSON.parse(stdout);
  return { code, output, of: (subject) => findings.find((each) => each.subject === subject) };
}

Deno.test("berth doctor looks at the embedded database and makes none, and names the service that runs", async () => {
  await using fixture = await CliFixture.open();
  const { temp } = fixture;
  const env = cliVariables(temp);
  const path = `${temp}/data/berth.sqlite`;
  const before = await doctor(env);
  assert.equal(before.code, 0, before.output);
  assert.equal(before.of("Documents")?.detail, `SQLite at ${path}, which the first bot makes`);
  assert.equal(before.of("Objects")?.detail, `folder ${temp}/data/objects`);
  assert.match(before.of("Service")!.detail, /^none runs here/);
  await assert.rejects(Deno.stat(`${temp}/data`), Deno.errors.NotFound);

  {
    using database = connectSqlite(path);
    await using documents = new SqliteDocumentRepository(database, BOTS);
    await documents.open();
    await documents.apply({ type: "created", id: "one", document: { id: "one" }, order: {} });
  }
  await Deno.mkdir(env.TEMP_DIR!, { recursive: true });
  {
    await using _lock = await InstanceLock.acquire(env.TEMP_DIR!, env.BERTH_INSTANCE!, "bots");
    const during = await doctor(env);
    assert.equal(during.of("Documents")?.detail, `SQLite at ${path}, 1 bot`);
    assert.match(
      during.of("Service")!.detail,
      new RegExp(`^bots: runs here .* \\(pid ${Deno.pid}, since `),
    );
  }
  await Deno.writeTextFile(path, "no database at all, but long enough to be one".repeat(100));
  const after = await doctor(env);
  assert.equal(after.code, 1);
  assert.equal(after.of("Documents")?.state, "problem");
  assert.match(after.of("Documents")!.advice!, /DATA_DIR/);
});

Deno.test("berth doctor says that a service is frozen, and who serves", async () => {
  await using fixture = await CliFixture.open((temp) => [cliVariables(temp).BERTH_INSTANCE!]);
  const { temp } = fixture;
  const env = cliVariables(temp);
  await using service = startBerth(env);
  await service.logged(/service started/);
  await berth(env, "deploy", `${ROOT}/examples/price-alerts`, "--disable");
  const holder = `${env.TEMP_DIR}/${env.BERTH_INSTANCE}.bots.lock/holder`;
  const running = await doctor(env);
  assert.equal(running.of("Service")?.state, "ok", running.output);
  assert.equal(running.of("Bots")?.state, "ok", running.output);
  assert.equal(running.of("API")?.state, "ok", running.output);
  assert.match(running.of("Bots")!.detail, /^are served by instance 'test-.*pid \d+/);

  service.signal("SIGSTOP");
  try {
    // As it is half a minute later.
    await Deno.utime(holder, Date.now() / 1000 - 40, Date.now() / 1000 - 40);
    const frozen = await doctor(env);
    assert.equal(frozen.code, 1, frozen.output);
    assert.equal(frozen.of("Service")?.state, "problem");
    assert.match(frozen.of("Service")!.detail, /pid \d+.*has done nothing since/);
    assert.match(frozen.of("Service")!.advice!, /kill -CONT/);
    assert.equal(frozen.of("API")?.state, "problem");
    assert.match(frozen.of("API")!.detail, /no answer within 2 s/);
  } finally {
    service.signal("SIGCONT");
  }
  await until(
    "it renews its lock",
    async () => Date.now() - (await Deno.stat(holder)).mtime!.getTime() < 20_000,
  );
  const again = await doctor(env);
  assert.equal(again.of("Service")?.state, "ok", again.output);
});

const SERVERS = ["MONGO_URI", "MINIO_ENDPOINT", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"];
const servers = Object.fromEntries(SERVERS.map((name) => [name, Deno.env.get(name) ?? ""]));
const hasServers = SERVERS.every((name) => servers[name]);
if (!hasServers) console.warn("NOT RUN: berth doctor with servers needs `./berth test`.");

if (hasServers) {
  testWithNats(
    "berth doctor says of each server whether it answers, and shows no password",
    async (nats) => {
      await using fixture = await CliFixture.open();
      const { temp } = fixture;
      await nats.start();
      const env = cliVariables(temp, { ...servers, NATS_URL: nats.url });
      const up = await doctor(env);
      assert.equal(up.code, 0, up.output);
      assert.match(up.of("Documents")!.detail, /^MongoDB at .*, \d+ bots?$/);
      assert.match(up.of("Objects")!.detail, /^MinIO at /);
      assert.equal(up.of("Events")?.state, "warning");
      assert.match(up.of("Events")!.detail, /there is no stream 'THE0_EVENTS'/);

      await nats.signal("TERM");
      const nobody = new URL(nats.url).host;
      const down = await doctor({
        ...env,
        NATS_URL: `nats://me:top-secret@${nobody}`,
        MONGO_URI: `mongodb://me:top-secret@${nobody}/?serverSelectionTimeoutMS=300`,
        MINIO_ENDPOINT: nobody,
        MINIO_SECRET_KEY: "top-secret",
      });
      assert.equal(down.code, 1);
      for (const subject of ["Documents", "Events", "Objects"]) {
        assert.equal(down.of(subject)?.state, "problem", subject);
        assert.match(down.of(subject)!.advice!, /start|correct/i);
        assert.ok(down.of(subject)!.detail.includes(nobody), subject);
      }
      assert.ok(!down.output.includes("top-secret"), down.output);
    },
  );
}
