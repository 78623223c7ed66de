import assert from "node:assert/strict";
import { readBotSettings } from "../../../../services/documents/bot_settings.ts";
import { parseBotDocument } from "../../../../services/documents/bot_document.ts";
import { parseScheduleDocument } from "../../../../services/schedules/schedule_document.ts";

const MIB = 1024 * 1024;

function read(berth: Record<string, unknown>) {
  const problems: string[] = [];
  return { ...readBotSettings(berth, problems), problems };
}

Deno.test("readBotSettings() reads the limits and the network of a bot", () => {
  const { shape, problems } = read({
    memory_mb: 256,
    cpu_shares: 1024,
    cpus: 0.5,
    pids: 64,
    disk_mb: 100,
    network: "none",
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(shape, {
    limits: { memoryBytes: 256 * MIB, cpuShares: 1024, cpus: 0.5, pids: 64, diskBytes: 100 * MIB },
    network: "none",
  });
});

Deno.test("readBotSettings() leaves out what nothing sets, so that old hashes stay", () => {
  assert.deepEqual(read({}).shape, {});
  assert.deepEqual(read({ memory_mb: null, network: null, restart: null }), {
    settings: {},
    shape: {},
    notes: [],
    problems: [],
  });
});

for (
  const [name, values] of Object.entries({
    memory_mb: [0, 5, 5.5, "256", true, 2_000_000],
    cpu_shares: [1, 0.5, 300_000],
    cpus: [0, -1, 0.001, 0.125, 2000, NaN, "1"],
    pids: [1, 7, 70_000],
    disk_mb: [0, -1, 1.5],
    network: ["", "container:other", "a b", "-x", 5, ["host"]],
    restart: ["", "never", "On-Failure", "unless-stopped", false, 0],
  })
) {
  Deno.test(`readBotSettings() refuses a wrong ${name}, and says what it may be`, () => {
    for (const value of values) {
      const { problems } = read({ [name]: value });
      assert.equal(problems.length, 1, `${name}: ${value}`);
      assert.match(problems[0]!, new RegExp(`^config\\.berth\\.${name}: must be .* \\(is .+\\)$`));
    }
  });
}

const custom = { filePath: "a/1", config: { entrypoints: { bot: "main.py" } } };

Deno.test("parseBotDocument() takes a bot's own keys of such names for the bot's", () => {
  const parsed = parseBotDocument({
    id: "a",
    config: { network: "mainnet", restart: true, pids: [1] },
    custom,
  });
  assert.ok(parsed.status === "valid");
  assert.deepEqual(parsed.notes, []);
  assert.equal(parsed.executable.network, undefined);
  assert.equal(parsed.settings.restart, undefined);
});

Deno.test("parseBotDocument() finds a document invalid that is beyond the bounds, and runs it without bounds", () => {
  const document = { id: "a", config: { berth: { pids: 512, network: "host" } }, custom };
  assert.equal(parseBotDocument(document).status, "valid");
  const bounds = { pids: 256, networks: ["none"] };
  const parsed = parseBotDocument(document, { bounds });
  assert.ok(parsed.status === "invalid");
  assert.equal(
    parsed.reason,
    "config.berth.pids: must be at most 256, the operator's bound MAX_BOT_PIDS (is 512); " +
      "config.berth.network: must be one of none, the operator's bound ALLOWED_BOT_NETWORKS (is host)",
  );
  const schedule = { ...document, config: { ...document.config, schedule: "@daily" } };
  assert.equal(parseScheduleDocument(schedule, "a", { bounds }).status, "invalid");
});

Deno.test("parseScheduleDocument() notes that restart has no effect there", () => {
  const config = { schedule: "@daily", berth: { restart: "always" } };
  const parsed = parseScheduleDocument({ id: "a", config, custom });
  assert.ok(parsed.status === "valid");
  assert.deepEqual(parsed.notes, ["config.berth.restart: has no effect on a schedule"]);
});
