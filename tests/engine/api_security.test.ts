import assert from "node:assert/strict";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { freePort } from "../support/servers/free_port.ts";
import { until } from "../support/until.ts";

/** Attacks that a library which a bot pulled in could try on the network of its host. */
const ATTACK = `
import json, os, time, urllib.request, urllib.error

def ask(method, path, headers={}, body=None):
    request = urllib.request.Request(BASE + path, method=method, headers=headers, data=body)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer: return answer.status
    except urllib.error.HTTPError as error: return error.code

def main(id, config):
    global BASE
    BASE = "http://127.0.0.1:%d" % config["port"]
    wrong = {"Authorization": "Bearer berth_abcdefghijkl_" + "A" * 43}
    local = {"Host": "localhost", "X-Forwarded-For": "unix", "Cookie": "berth-%d=session_x" % config["port"]}
    found = {
        "health": ask("GET", "/healthz"),
        "reads": [ask("GET", path, headers) for path in
            ["/", "/api/bots", "/api/bots/victim", "/api/tokens", "/api/openapi.json", "/api/nothing"]
            for headers in [{}, local]],
        "writes": [ask(method, path, headers, b"{}") for method, path in
            [("POST", "/api/bots/victim/disable"), ("DELETE", "/api/bots/victim"), ("POST", "/api/tokens")]
            for headers in [{"Content-Type": "application/json"}, wrong, local]],
        "login": ask("GET", "/login?code=login_abcdefghijkl_" + "A" * 43),
        "socket": os.path.exists(config["socket"]) or os.path.exists(os.path.dirname(config["socket"])),
    }
    print("FOUND " + json.dumps(found), flush=True)
    while True: time.sleep(0.05)
`;

Deno.test("a bot on its host's network gets nothing from the API but that it is alive", async () => {
  const port = freePort();
  await using service = await ServiceFixture.open({
    engine: true,
    env: { HTTP_ADDR: `127.0.0.1:${port}`, LOG_INTERVAL: "1", BOT_NETWORK: "host" },
  });
  const victim = await writeBot(`${service.temp}/victim`);
  const attacker = await writeBot(`${service.temp}/attacker`, {
    "main.py": ATTACK,
    "config.json": JSON.stringify({ port, socket: service.socket }),
  });
  for (const [id, folder] of [["victim", victim], ["attacker", attacker]] as const) {
    const { code, output } = await service.berth("deploy", folder, "--id", id);
    assert.equal(code, 0, output);
  }
  let found: Record<string, unknown> | undefined;
  await until("the bot has tried", async () => {
    const { output } = await service.berth("logs", "attacker");
    const [, json] = /FOUND (\{.*\})/.exec(output) ?? [];
    found = json === undefined ? undefined : JSON.parse(json);
    return found !== undefined;
  });
  const { health, reads, writes, login, socket } = found as Record<string, number | boolean | number[]>;
  assert.deepEqual([health, socket], [200, false]);
  for (const status of [...reads as number[], ...writes as number[], login as number]) {
    assert.ok([401, 429].includes(status), JSON.stringify(found));
  }
  const { enabled } = await service.client.call("getBot", { params: { id: "victim" } });
  assert.equal(enabled, true);
  const { entries } = await service.client.call("listAudit", { query: {} });
  assert.ok(entries.every(({ from }) => from === "unix"), JSON.stringify(entries));
});
