import assert from "node:assert/strict";
import type { CliContext } from "../../../cli/context.ts";
import { cliContext } from "../../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";
import { until } from "../../support/until.ts";

const DOCUMENT = {
  config: { limit: 1, berth: { labels: { desk: "fx" } } },
  custom: { version: "1", filePath: "bot/1", config: { entrypoints: { bot: "main.py" } } },
};

async function put(service: ServiceFixture, id: string, document: Record<string, unknown> = DOCUMENT) {
  await service.client.call("putBot", { params: { id }, body: document });
}

/** A screen of this width. */
function screen(service: ServiceFixture, columns: number): Partial<CliContext> {
  const { terminal } = cliContext({ ...service.env }).context;
  return { terminal: { ...terminal, isScreen: true, columns } };
}

Deno.test("berth ps lists bots and schedules, and says how to start a service when none runs", async () => {
  await using service = await ServiceFixture.open();
  assert.match((await service.berth("ps")).output, /^There are no bots yet\. Deploy one with/m);
  await put(service, "mine");
  const daily = { runtime: "python3.11", entrypoints: { bot: "main.py" } };
  await service.client.call("putSchedule", {
    params: { id: "daily" },
    body: { config: { schedule: "0 9 * * *" }, custom: { version: "2", filePath: "x", config: daily } },
  });
  const until = new Date(Date.UTC(2030, 0, 1));
  const condition = { type: "backing-off", until, nextAttempt: 4, exitCode: 1 } as const;
  service.composed.bots.state.setRunningBot({ id: "mine", condition, containerId: "0123456789abcdef" });
  const { code, stdout } = await service.berth("ps");
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^BOT +VERSION.*\nmine +1 +python3\.11 +yes +- +\ds +backing off until 2030-\S+ \(exit code 1, next is start 4 in a row\)$/m,
  );
  assert.match(stdout, /^SCHEDULE .*\ndaily +2 .* 0 9 \* \* \* +20\S+T09:00:00Z, in \S+ +-$/m);
  assert.deepEqual((await service.berth("bots")).stdout.split("\n")[0], stdout.split("\n")[0]);
  const wide = (await service.berthIn(screen(service, 40), "ps", "--wide")).stdout;
  assert.match(wide, /^mine .* 0123456789ab +desk=fx +backing off until .* in a row\)$/m);
  await service.stop();
  const refused = await service.berth("ps");
  assert.equal(refused.code, 69);
  assert.match(refused.output, /^berth: No service answers at .*Start one with 'berth start'/);
});

Deno.test("berth ps --json has one stable shape, in which every number is exact", async () => {
  await using service = await ServiceFixture.open();
  await put(service, "mine");
  const { code, stdout } = await service.berth("ps", "--json");
  assert.equal(code, 0);
  const { bots, schedules } = JSON.parse(stdout);
  assert.deepEqual(bots.map(({ id, state, labels }: Record<string, unknown>) => [id, state, labels]), [
    ["mine", "unknown", { desk: "fx" }],
  ]);
  assert.deepEqual(schedules, []);
  await put(service, "exact", { ...DOCUMENT, account: 1234567890123456789n });
  assert.match((await service.berth("describe", "exact", "--json")).stdout, /"account": 1234567890123456789/);
});

Deno.test("berth ps fits the screen, and shows the trouble of a service", async () => {
  await using service = await ServiceFixture.open();
  await put(service, "a-bot-with-a-name-that-is-rather-long-for-a-screen");
  const reason = "something that takes many words to say ".repeat(5);
  service.composed.bots.state.setRunningBot({
    id: "other",
    condition: { type: "held", reason: `${reason}\x1b[2J` },
  });
  for (const columns of [60, 100]) {
    const { stdout } = await service.berthIn(screen(service, columns), "ps");
    for (const line of stdout.split("\n")) assert.ok(line.length <= columns, line);
    assert.match(stdout, /^other .* held: s.*…$/m);
  }
  assert.match((await service.berth("ps")).stdout, /many words to say$/m);
  await until(
    "the missing engine is noticed",
    async () =>
      /^berth: The service cannot look after its bots: .*(Docker|engine)/m.test(
        (await service.berth("ps")).output,
      ),
  );
});

Deno.test("berth describe says why a bot does not run, and what to do", async () => {
  await using service = await ServiceFixture.open();
  await put(service, "mine", { ...DOCUMENT, config: { berth: { wrong: 1 } } });
  const { state } = service.composed.bots;
  const condition = { type: "backing-off", until: new Date(1e13), nextAttempt: 3, exitCode: 1 } as const;
  state.setRunningBot({ id: "mine", condition, attempt: 2 });
  const end = { id: "mine", containerId: "c", attempt: 2, startedAt: new Date(1000), at: new Date(4000) };
  state.report({ ...end, type: "exited", exit: { exitCode: 137, oomKilled: true } });
  await until("the end is noted", async () => {
    const { output } = await service.berth("describe", "mine");
    return output.includes("Last ends");
  });
  const { code, stdout } = await service.berth("describe", "mine");
  assert.equal(code, 0);
  assert.match(stdout, /^Bot mine\n {2}State +backing off until .*\n {2}Since /);
  assert.match(stdout, /^Warnings about the document\n {2}config\.berth: "wrong" is no setting/m);
  assert.match(
    stdout,
    /^Last ends of its containers\n {2}1970-01-01T00:00:04\.000Z {2}out of memory \(exit code 137\), after 3s \(start 2 in a row\)$/m,
  );
  assert.match(stdout, /\n\nTo do: Its log says more: 'berth logs mine'\..*$/);
  const both = await service.berth("describe", "mine", "nobody");
  assert.equal(both.code, 1);
  assert.match(both.output, /^berth: There is no bot or schedule 'nobody'\. 'berth ps' lists them\.$/m);
  assert.match(both.stdout, /^Bot mine$/m);
});

Deno.test("berth describe says when a schedule runs", async () => {
  await using service = await ServiceFixture.open();
  await service.client.call("putSchedule", {
    params: { id: "daily" },
    body: {
      config: { schedule: "0 9 * * *", berth: { timezone: "America/New_York" } },
      custom: { version: "2", filePath: "x", config: { entrypoints: { bot: "main.py" } } },
    },
  });
  const { stdout } = await service.berth("describe", "daily");
  assert.match(stdout, /^Schedule daily\n {2}State /);
  assert.match(stdout, /^Next times\n( {2}20\S+Z, in \S+ {2}\(20\S+T09:00:00-0[45]:00\)\n){5}/m);
  await service.berth("disable", "daily");
  assert.match(
    (await service.berth("describe", "daily")).stdout,
    /^To do: Resume it with 'berth enable daily'\.$/m,
  );
});

Deno.test("berth restart goes on after a refusal, and ends with 1", async () => {
  await using service = await ServiceFixture.open();
  await put(service, "mine");
  service.composed.bots.state.setRunningBot({ id: "mine", condition: { type: "running" }, containerId: "c" });
  const { code, output } = await service.berth("restart", "nobody", "mine");
  assert.equal(code, 1);
  assert.equal(output, "berth: There is no bot 'nobody'.\nmine: restarting");
  const json = await service.berth("restart", "mine", "--json");
  assert.deepEqual([json.code, JSON.parse(json.stdout)], [0, [{ id: "mine", restarting: true }]]);
});

Deno.test("berth events prints the last events, and follows across a restart of the service", async () => {
  await using service = await ServiceFixture.open();
  await put(service, "mine");
  await put(service, "other");
  const last = await service.berth("events", "--tail", "1");
  assert.equal(last.code, 0);
  assert.match(last.stdout, /^20\S+Z {2}document {3}other {2}document created \(version 1\)$/);
  assert.match(
    (await service.berth("events", "nobody")).output,
    /No events of 'nobody' since the service began/,
  );
  assert.match((await service.berth("events", "mine")).stdout, /^20\S+Z {2}document {3}mine {2}\S.*$/);
  const ending = new AbortController();
  const { context, lines } = cliContext({ ...service.env }, { signal: ending.signal });
  const following = service.berthIn({ ...context }, "events", "-f", "--json", "--tail", "0");
  const show = (attempt: number) =>
    service.composed.bots.state.setRunningBot({ id: "mine", condition: { type: "starting", attempt } });
  // The follower may connect after the first ones.
  let attempt = 0;
  await until("an event comes", () => {
    show(++attempt);
    return lines.length > 0;
  });
  await service.stop();
  await service.start();
  await until("events come again", () => {
    show(++attempt);
    return /Events may be missing here: the service was restarted since\.[^]*"starting/.test(
      lines.join("\n"),
    );
  });
  ending.abort(new DOMException("Ctrl-C", "AbortError"));
  assert.equal((await following).code, 130);
});

Deno.test("berth completions gives scripts, commands, options and ids", async () => {
  await using service = await ServiceFixture.open();
  await put(service, "mine");
  const printed: string[] = [];
  const { log } = console;
  console.log = (line: string) => void printed.push(line);
  const complete = async (...words: string[]) => {
    printed.length = 0;
    assert.equal((await service.berth("completions", "complete", "--", ...words)).code, 0);
    return printed.join("\n");
  };
  try {
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, stdout } = await service.berth("completions", shell);
      assert.equal(code, 0);
      assert.match(stdout, /berth'? completions complete --/, shell);
    }
    assert.match(await complete("de"), /^deploy\tgive the service a bot folder/m);
    // A shell does not wait for a service that takes longer than half a second.
    await until("the service answers in time", async () => (await complete("restart", "")) !== ":4");
    assert.match(await complete("restart", ""), /^mine\b/m);
    assert.match(await complete("restart", "x", "m"), /^mine\b/m);
    assert.match(await complete("ps", "--"), /^--wide\tshow all columns in full$/m);
    await service.stop();
    assert.doesNotMatch(await complete("restart", ""), /mine/);
  } finally {
    console.log = log;
  }
});
