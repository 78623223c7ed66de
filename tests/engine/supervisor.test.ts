/**
 * The supervisor in containers: the same container as on one host.
 *
 * @module
 */

import { strict as assert } from "node:assert";
import { MISSING_EXIT_CODE, type SupervisorFile } from "../../lib/cluster/supervisor/supervisor_files.ts";
import { IMAGES } from "../support/fixtures/engine_support.ts";
import { SupervisorFixture } from "../support/fixtures/supervisor_fixture.ts";
import { until } from "../support/until.ts";

async function command(name: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(name, { args }).output();
  assert(success, new TextDecoder().decode(stderr));
}

const SHOW = `
import json, os, sys, time
def main(id, config):
    secret = os.stat("/run/secrets/API_KEY")
    print(json.dumps({"id": id, "secret": [open("/run/secrets/API_KEY").read(), oct(secret.st_mode)[-3:], secret.st_uid], "config": config, "uid": os.getuid(), "groups": os.getgroups(), "cwd": os.getcwd(),
        "nnp": [l for l in open("/proc/self/status") if l.startswith(("NoNewPrivs", "CapPrm", "CapEff"))],
        "env": {k: v for k, v in os.environ.items()}}), flush=True)
    return {"done": config["n"], "key": "s3cret-value"}
`;

const STOPPABLE = `
import time
def on_stop(id, config, reason=None):
    import berth
    print("stopping:", open("/berth/stop_reason").read(), flush=True)
def main(id, config):
    print("up", flush=True)
    while True: time.sleep(0.05)
`;

const STATEFUL = `
import os, time
def main(id, config):
    path = "/state/count"
    n = int(open(path).read()) + 1 if os.path.exists(path) else 1
    open(path, "w").write(str(n))
    if n == 1:
        os.makedirs("/state/deep/er", exist_ok=True)
        os.symlink("/etc/passwd", "/state/deep/link")
        os.link(path, "/state/hard")
    print("count", n, sorted(os.listdir("/state")), flush=True)
    if config.get("wait"):
        while True: time.sleep(0.05)
`;

Deno.test("a supervisor runs a bot as on one host, and brings its result", async () => {
  await using fixture = await SupervisorFixture.open();
  await Deno.mkdir(`${fixture.temp}/secrets/bot`, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(`${fixture.temp}/secrets/bot/key`, "s3cret-value", { mode: 0o600 });
  const { order, container } = await fixture.start({
    files: { "main.py": SHOW },
    executable: {
      config: '{"n": 7, "text": "a\\"$`b\\n"}',
      isLongRunning: false,
      secrets: { API_KEY: "file:bot/key" },
      secretsAsEnv: true,
    },
    env: { SLOT: "2026-01-31T09:00:00Z" },
  });
  const ended = await fixture.ended(container.id);
  const log = await fixture.log(container.id);
  assert.equal(ended.exitCode, 0, log);
  const { env, uid, groups, cwd, config, nnp, secret } = JSON.parse(log);
  assert.deepEqual(config, { n: 7, text: 'a"$`b\n' });
  assert.deepEqual([uid, groups, cwd], [20_001, [], "/bot"]);
  assert.deepEqual(nnp.map((line: string) => line.split("\t")[1]!.trim()), [
    "0000000000000000",
    "0000000000000000",
    "1",
  ]);
  assert.deepEqual(secret, ["s3cret-value", "400", 20_001]);
  assert.equal(env.LEASE_EPOCH, "1");
  assert.equal(env.SLOT, "2026-01-31T09:00:00Z");
  assert.equal(env.API_KEY_FILE, "/run/secrets/API_KEY");
  assert.equal(env.API_KEY, "s3cret-value");
  assert.deepEqual(Object.keys(env).filter((name) => name.startsWith("BERTH_")), []);
  const session = await fixture.supervisors.link.session(order.id);
  assert.equal(session?.end?.cause, "exited");
  assert.equal(fixture.leases.released.length, 1);
  const result = await fixture.supervisors.link.result(order.id, { maxBytes: 1000 });
  const text = new TextDecoder().decode(result);
  assert.equal(JSON.parse(text).done, 7);
  assert(!text.includes("s3cret"), text);
  await fixture.supervisors.orders.remove(order.id);
  assert.deepEqual(await fixture.supervisors.orders.list(), []);
});

Deno.test("a stop has its reason, runs on_stop and keeps the exit code", async () => {
  await using fixture = await SupervisorFixture.open();
  const { order, container } = await fixture.start({ files: { "main.py": STOPPABLE } });
  await fixture.printed(container.id, "up");
  await fixture.supervisors.link.tellStop(order.id, "a new version is deployed");
  const outcome = await fixture.engine.orchestrator.stop(container.id, { graceSeconds: 20 });
  assert.deepEqual(outcome, { how: "stopped", exitCode: 143 });
  assert.match(await fixture.log(container.id), /stopping: a new version is deployed/);
  const { end } = (await fixture.supervisors.link.session(order.id))!;
  assert.deepEqual([end?.cause, end?.exitCode, end?.isKilled], ["stopped", 143, false]);
});

Deno.test("a bot that is stopped while its order is fetched does not start", async () => {
  await using fixture = await SupervisorFixture.open();
  const begun = Promise.withResolvers<void>(), stopped = Promise.withResolvers<void>();
  fixture.intercept = (request) => {
    if (!request.url.endsWith("/begin")) return undefined;
    begun.resolve();
    return stopped.promise.then(() => fixture.supervisors.answer(request));
  };
  const { order, container } = await fixture.start({ files: { "main.py": STOPPABLE } });
  await begun.promise;
  await command("docker", "kill", "--signal", "TERM", container.id);
  stopped.resolve();
  assert.equal((await fixture.ended(container.id)).exitCode, 143);
  assert.doesNotMatch(await fixture.log(container.id), /up/);
  assert.equal((await fixture.supervisors.link.session(order.id))?.end?.cause, "stopped");
});

Deno.test("a supervisor recognizes a Berth by the authority that it is given", async () => {
  await using fixture = await SupervisorFixture.open();
  const folder = `${fixture.temp}/tls`;
  await Deno.mkdir(folder);
  const [cert, key, settings] = [`${folder}/cert.pem`, `${folder}/key.pem`, `${folder}/openssl.cnf`];
  await Deno.writeTextFile(
    settings,
    "[req]\ndistinguished_name = name\nx509_extensions = all\n[name]\n[all]\n" +
      "basicConstraints = critical, CA:TRUE\nsubjectAltName = IP:127.0.0.1\n",
  );
  const make = ["req", "-x509", "-config", settings, "-newkey", "rsa:2048", "-nodes", "-days", "2"];
  await command("openssl", ...make, "-subj", "/CN=berth", "-keyout", key, "-out", cert);
  const tls = { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls },
    (request) => fixture.supervisors.answer(request),
  );
  const { container } = await fixture.start({
    files: { "main.py": "def main(id, config): print('ran', flush=True)" },
  }, {
    env: { BERTH_URLS: `https://127.0.0.1:${server.addr.port}`, BERTH_CA_FILE: "/authority/cert.pem" },
    binds: [{ source: folder, target: "/authority", readOnly: true }],
  });
  const { exitCode } = await fixture.ended(container.id);
  assert.equal(exitCode, 0, await fixture.log(container.id));
});

Deno.test("commands run beside the bot as its user, and end with their time", async () => {
  await using fixture = await SupervisorFixture.open();
  const { order, container } = await fixture.start({ files: { "main.py": STOPPABLE }, leaseSeconds: 3 });
  await fixture.printed(container.id, "up");
  const run = (script: string, timeoutMs = 5000) =>
    fixture.supervisors.link.runCommand(order.id, {
      command: ["/bin/sh", "-c", script],
      env: { MARK: "m" },
      timeoutMs,
      maxOutputBytes: 1000,
    });
  assert.deepEqual(await run('echo "$MARK $(id -u) $LEASE_EPOCH"; exit 3'), {
    end: "exited",
    exitCode: 3,
    output: "m 20001 1\n",
  });
  assert.equal((await run("sleep 60 & sleep 60", 300)).end, "timed-out");
  assert.equal((await run("yes")).end, "flooded");
  const usage = await fixture.supervisors.link.usage(order.id);
  assert(usage!.memoryBytes > 1_000_000 && usage!.cpuSeconds > 0, JSON.stringify(usage));
  assert.equal(usage!.memoryLimitBytes, 256 * 1024 ** 2);
});

Deno.test("a state stays on its node, and follows its bot to another one by a snapshot", async () => {
  await using fixture = await SupervisorFixture.open();
  const input = {
    files: { "main.py": STATEFUL },
    executable: { isLongRunning: true, state: { maxBytes: 1e6, keep: 3, everySeconds: 3600 } },
  };
  const count = async (changes = {}, more = {}) => {
    const { order, container } = await fixture.start({ ...input, ...more }, changes);
    await fixture.ended(container.id);
    const log = await fixture.log(container.id);
    return { log, state: (await fixture.supervisors.link.session(order.id))?.state, order };
  };
  const first = await count();
  assert.match(first.log, /count 1 /);
  assert.equal(first.state?.from, "empty");
  const second = await count();
  assert.match(second.log, /count 2 \['.the0-state', 'count', 'deep', 'hard'\]/);
  assert.equal(second.state?.from, "kept");
  assert.equal((await fixture.supervisors.link.newestState("bot"))?.isStored, true);
  const other = `${fixture.temp}/other`;
  await Deno.mkdir(other);
  const elsewhere = {
    binds: [{ source: other, target: "/elsewhere" }],
    env: { BERTH_CACHE: "/elsewhere", BERTH_NODE: "node-2" },
  };
  const stays = await fixture.start({
    ...input,
    executable: { ...input.executable, state: { ...input.executable.state, follow: false } },
  }, elsewhere);
  assert.equal((await fixture.ended(stays.container.id)).exitCode, 70);
  assert.match(await fixture.log(stays.container.id), /its state is on node node-1, and stays there/);
  const moved = await count(elsewhere);
  assert.match(
    moved.log,
    /state restored from snapshot \w+, made 0 min ago; what was written on node node-1 since/,
  );
  assert.match(moved.log, /count 3 \['.the0-state', 'count', 'deep', 'hard'\]/);
  assert.equal(moved.state?.from, "restored");
  // The first node has an old line by now.
  const back = await count();
  assert.match(back.log, /count 4 /);
  assert.equal(back.state?.from, "restored");
  const { states } = fixture.supervisors;
  const { signal } = new AbortController();
  const { snapshots, node } = await states.about("bot", signal);
  assert.deepEqual([snapshots.length, node], [3, "node-1"]);
  await states.restore("bot", { kind: "snapshot", snapshot: snapshots[1]! }, signal);
  assert(await states.isPending("bot"));
  assert.match((await count()).log, /restored from snapshot \w+, made 0 min ago\ncount 4 /);
  assert(!await states.isPending("bot"));
  await states.restore("bot", { kind: "empty" }, signal);
  assert.match((await count()).log, /^count 1 /);
  const archive = `${fixture.temp}/archive`;
  await states.pack("bot", archive, signal);
  await states.restore("bot", { kind: "archive", path: archive }, signal);
  assert.match((await count()).log, /count 2 /);
  assert(await states.remove("bot", signal) > 0);
  assert.match((await count()).log, /^count 1 /);
});

Deno.test("a snapshot can be asked for while the bot runs", async () => {
  await using fixture = await SupervisorFixture.open();
  const { order, container } = await fixture.start({
    files: { "main.py": STATEFUL },
    leaseSeconds: 3,
    executable: { config: { wait: true }, state: { maxBytes: 1e6, keep: 3, everySeconds: 3600 } },
  });
  await fixture.printed(container.id, "count 1");
  const name = await fixture.supervisors.link.snapshot(order.id);
  assert.match(name, /^\d{8}T\d{9}Z$/);
  const description = await fixture.store.get("bot-state", `bot/state/${name}.json`);
  const { reason, consistency, bot, files } = await new Response(description.body).json();
  assert.deepEqual([reason, consistency, bot, files], ["request", "crash", "bot", 1]);
  await until(
    "the bot runs on",
    async () => (await fixture.engine.orchestrator.getStatus(container.id))?.phase === "running",
  );
});

Deno.test("containers of a node that start at once share one fetch, and the cache stays in its bounds", async () => {
  await using fixture = await SupervisorFixture.open({ CODE_CACHE_MB: "1" });
  let fetched = 0;
  fixture.intercept = (request) => {
    if (request.url.includes("/objects/code")) fetched++;
    return undefined;
  };
  const order = await fixture.order({
    files: { "main.py": "def main(id, config): print('ran', flush=True)", "data.txt": "x".repeat(700_000) },
  });
  const starts = await Promise.all([1, 2, 3, 4].map(async (number) => {
    const one = {
      ...order,
      id: crypto.randomUUID().replaceAll("-", ""),
      user: { uid: 20_000 + number, gid: 20_000 + number },
    };
    return await fixture.run(one, await fixture.supervisors.orders.put(one));
  }));
  for (const { id } of starts) assert.equal((await fixture.ended(id)).exitCode, 0, await fixture.log(id));
  assert.equal(fetched, 1);
  const trees = async () =>
    (await namesIn(`${fixture.cache}/trees`)).filter((name) => name.endsWith(".code"));
  assert.equal((await trees()).length, 1);
  const next = await fixture.start({
    files: { "main.py": "def main(id, config): print('ran', flush=True)", "data.txt": "y".repeat(700_000) },
  });
  assert.equal((await fixture.ended(next.container.id)).exitCode, 0);
  assert.equal((await trees()).length, 1);
  for (const folder of ["locks", "work"]) {
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${fixture.cache}/${folder}`)), []);
  }
});

Deno.test("containers of a node share the runner's files, and read their own beside them", async () => {
  await using fixture = await SupervisorFixture.open();
  const files = {
    "main.py":
      "import os\ndef main(id, config): print(os.path.realpath('/berth'), config['name'], flush=True)",
  };
  const run = async (name: string) => {
    const { container } = await fixture.start({ files, executable: { config: { name } } });
    const { exitCode } = await fixture.ended(container.id);
    const log = await fixture.log(container.id);
    assert.equal(exitCode, 0, log);
    return log.split(" ");
  };
  const [folder, first] = await run("one");
  assert.deepEqual(await run("two"), [folder, "two"]);
  assert.equal(first, "one");
  assert.match(folder!, /^\/berth-cache\/trees\//);
});

Deno.test("renewals share a connection, and outlive it", async () => {
  await using fixture = await SupervisorFixture.open();
  let ports: number[] = [];
  fixture.intercept = (request, { remoteAddr }) => {
    if (request.url.endsWith("/renew")) ports.push(remoteAddr.port);
    return undefined;
  };
  const { container } = await fixture.start({ files: { "main.py": STOPPABLE }, leaseSeconds: 3 });
  await until("five renewals", () => Promise.resolve(ports.length >= 5));
  assert.equal(new Set(ports).size, 1);
  await fixture.mute();
  ports = [];
  fixture.serve();
  await until("renewals by another connection", () => Promise.resolve(ports.length >= 3));
  assert.equal(new Set(ports).size, 1);
  assert.equal((await fixture.engine.orchestrator.getStatus(container.id))?.phase, "running");
});

Deno.test("a supervisor renews when Berth says, and in time whatever Berth says", async () => {
  await using fixture = await SupervisorFixture.open();
  const answers = [{ renewInMs: 50 }, {}, { renewInMs: 0 }, { renewInMs: -5 }, { renewInMs: 1e9 }];
  for (
    const [answer, leaseSeconds] of answers.map((each, index) => [each, index === 0 ? 3600 : 2] as const)
  ) {
    let renewals = 0;
    fixture.intercept = (request) => {
      if (!request.url.endsWith("/renew")) return undefined;
      renewals++;
      return Promise.resolve(Response.json(answer));
    };
    const { container } = await fixture.start({ files: { "main.py": STOPPABLE }, leaseSeconds });
    await until(`renewals after ${JSON.stringify(answer)}`, () => Promise.resolve(renewals >= 5));
    await fixture.engine.orchestrator.stop(container.id, { graceSeconds: 5 });
  }
});

Deno.test("a bot whose code is not what was checked is not started", async () => {
  await using fixture = await SupervisorFixture.open();
  const { container, order } = await fixture.start({
    files: { "main.py": STOPPABLE },
    code: { key: "me/bot/1", sha256: "0".repeat(64), script: "main.py" },
  });
  assert.equal((await fixture.ended(container.id)).exitCode, 70);
  assert.match(
    await fixture.log(container.id),
    /cannot get its code: it is not the object that was checked/,
  );
  assert.equal((await fixture.supervisors.link.session(order.id))?.end?.cause, "failed");
});

Deno.test("the first supervisor on a node brings its program, and the next ones find it there", async () => {
  await using fixture = await SupervisorFixture.open();
  const start = async (parts?: readonly SupervisorFile[]) => {
    const order = await fixture.order({
      files: { "main.py": "def main(id, config): print('ran', flush=True)" },
    });
    const { id } = await fixture.run(order, await fixture.supervisors.orders.put(order), {}, parts);
    const { exitCode } = await fixture.ended(id);
    return { exitCode, log: await fixture.log(id) };
  };
  const programs = () => namesIn(`${fixture.cache}/programs`).catch(() => []);
  const missing = await start([]);
  assert.equal(missing.exitCode, MISSING_EXIT_CODE, missing.log);
  assert.match(
    missing.log,
    /does not have the supervisor \(\w+, version \w{16}\) yet; the next start brings it/,
  );
  // Neither is a part of it enough.
  const [first, ...others] = fixture.program.parts.get(Deno.build.arch)!;
  assert.equal((await start([first!])).exitCode, MISSING_EXIT_CODE);
  assert.deepEqual(await programs(), []);
  assert.deepEqual(await start([first!, ...others]), { exitCode: 0, log: "ran" });
  assert.deepEqual(await programs(), [fixture.program.version]);
  const program = `${fixture.cache}/programs/${fixture.program.version}`;
  await Deno.utime(program, 1, 1);
  assert.deepEqual(await start([]), { exitCode: 0, log: "ran" });
  assert(
    (await Deno.stat(program)).mtime!.getTime() > 1_000_000,
    "a version that is in use does not look old",
  );
  // A machine lost its power before all of it was on the disk.
  await Deno.truncate(program, 0);
  assert.equal((await start([])).exitCode, MISSING_EXIT_CODE);
  assert.deepEqual(await start([first!, ...others]), { exitCode: 0, log: "ran" });
});

Deno.test("a supervisor runs a script in an image that has no language", async () => {
  await using fixture = await SupervisorFixture.open();
  const { container } = await fixture.start({
    files: {
      "main.sh": 'for name in python3 node deno; do $name --version 2>/dev/null; done; echo "in $(pwd)"',
    },
    executable: { runtime: "bash", entrypointFiles: { bot: "main.sh" }, isLongRunning: false },
  }, {
    image: IMAGES.bash!,
    // Stand-ins of this image have Python.
    binds: [{ source: "/dev/null", target: "/usr/bin/python3.11" }],
  });
  assert.equal((await fixture.ended(container.id)).exitCode, 0);
  assert.equal(await fixture.log(container.id), "in /bot");
});

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}
