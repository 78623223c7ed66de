import assert from "node:assert/strict";
import { LABEL } from "../../lib/engine/labels.ts";
import { linesUntil, RunnerFixture } from "../support/fixtures/runner_fixture.ts";

const isRoot = Deno.uid() === 0;
if (!isRoot) console.warn("NOT RUN: one user a bot needs a Berth that is root.");

/** Keeps a secret in its folder and its environment, and uses up what one user may have of inotify. */
const VICTIM = `
import ctypes, os, time
def main(id, config):
    open("secret.txt", "w").write("of the victim")
    os.chmod("secret.txt", 0o600)
    libc = ctypes.CDLL(None, use_errno=True)
    held = 0
    while libc.inotify_init1(0) >= 0: held += 1
    print("uid", os.getuid(), "gid", os.getgid(), "groups", os.getgroups(), flush=True)
    print("held", held, "errno", ctypes.get_errno(), flush=True)
    while True: time.sleep(0.05)
`;

/** Looks for anything of another bot that it can reach. */
const ATTACKER = `
import ctypes, os, signal, time
def main(id, config):
    libc = ctypes.CDLL(None, use_errno=True)
    print("inotify", libc.inotify_init1(0) >= 0, flush=True)
    print("uid", os.getuid(), flush=True)
    me = os.getuid()
    others = [p for p in os.listdir("/proc") if p.isdigit() and os.stat("/proc/" + p).st_uid != me]
    print("others", others, flush=True)
    # Mounts here that a neighbour's files may be behind.
    found = []
    for root in ["/", "/proc/1/root"]:
        for path, folders, files in os.walk(root):
            if path.startswith(("/sys", "/proc")): folders[:] = []
            if "secret.txt" in files: found.append(path)
    print("found", found, flush=True)
    print("done", flush=True)
    while True: time.sleep(0.05)
`;

function fieldOf(lines: readonly string[], name: string): string {
  const line = lines.find((each) => each.startsWith(`${name} `));
  assert.ok(line, `no line of ${name}:\n${lines.join("\n")}`);
  return line.slice(name.length + 1);
}

Deno.test({
  name: "two bots run as two users, out of each other's reach, and neither uses up the other's limits",
  ignore: !isRoot,
  fn: async () => {
    await using fixture = await RunnerFixture.open();
    const { runner, deploy, containers, config } = fixture;
    const victim = await runner.startContainer(await deploy({ "main.py": VICTIM }));
    const held = await linesUntil(runner, victim.containerId, /^held/);
    // As many as one user may have: the last one failed with EMFILE.
    assert.match(fieldOf(held, "held"), /^\d{2,} errno 24$/);
    const attacker = await runner.startContainer(await deploy({ "main.py": ATTACKER }));
    const seen = await linesUntil(runner, attacker.containerId, /^done$/);
    assert.equal(fieldOf(seen, "inotify"), "True");
    assert.equal(fieldOf(seen, "found"), "[]");
    assert.equal(fieldOf(seen, "others"), "[]");
    const uids = [Number(fieldOf(held, "uid").split(" ")[0]), Number(fieldOf(seen, "uid"))];
    assert.notEqual(uids[0], uids[1]);
    for (const uid of uids) {
      assert.ok(uid >= config.botUids.first && uid <= config.botUids.last, String(uid));
    }
    assert.equal(fieldOf(held, "uid"), `${uids[0]} gid ${uids[0]} groups [${uids[0]}]`);
    const labels = (await containers()).map(({ labels }) => Number(labels[LABEL.uid]));
    assert.deepEqual(labels.toSorted(), uids.toSorted());
    for (const { containerId } of [victim, attacker]) {
      await runner.stopContainer(containerId, { graceSeconds: 0 });
    }
  },
});

Deno.test({
  name: "on the host a bot's files are closed to every other user, bots included",
  ignore: !isRoot,
  fn: async () => {
    await using fixture = await RunnerFixture.open();
    const { runner, deploy, config, folders } = fixture;
    const { containerId } = await runner.startContainer(await deploy({ "main.py": VICTIM }));
    await linesUntil(runner, containerId, /^held/);
    for (const name of await folders()) {
      const path = `${config.tempDir}/${config.instance}/containers/${name}`;
      for (const uid of ["65532", "2001000001", "1000"]) {
        const args = ["--reuid", uid, "--regid", uid, "--clear-groups", "ls", path];
        const { success } = await new Deno.Command("setpriv", { args, stdout: "null", stderr: "null" })
          .output();
        assert.equal(success, false, `user ${uid} reads ${path}`);
      }
    }
    await runner.stopContainer(containerId, { graceSeconds: 0 });
  },
});

Deno.test({
  name: "a bot has the same user at each start, and a result is read whatever its user's number",
  ignore: !isRoot,
  fn: async () => {
    await using fixture = await RunnerFixture.open();
    const { runner, deploy, another } = fixture;
    const code = "import os\ndef main(id, config): return {'uid': os.getuid()}\n";
    const executable = await deploy({ "main.py": code }, { entrypoint: "backtest" });
    const uids: number[] = [];
    for (const each of [runner, another({})]) {
      const ended = await each.startContainer(executable);
      assert.ok(ended.status === "success");
      uids.push(JSON.parse(new TextDecoder().decode(ended.result)).uid);
    }
    assert.equal(uids[0], uids[1]);
  },
});

Deno.test({
  name: "with BOT_USER all bots run as that one user, and another one replaces them",
  ignore: !isRoot,
  fn: async () => {
    await using fixture = await RunnerFixture.open({ BOT_USER: "1234:5678" });
    const { runner, deploy, another } = fixture;
    const code =
      "import os, time\ndef main(id, config):\n    print('uid', os.getuid(), os.getgid(), flush=True)\n" +
      "    while True: time.sleep(0.05)\n";
    const executable = await deploy({ "main.py": code });
    const { containerId } = await runner.startContainer(executable);
    assert.equal(fieldOf(await linesUntil(runner, containerId, /^uid/), "uid"), "1234 5678");
    assert.notEqual(another({ BOT_USER: "1234:9" }).specHash(executable), runner.specHash(executable));
    assert.notEqual(another({ BOT_USER: "" }).specHash(executable), runner.specHash(executable));
    await runner.stopContainer(containerId, { graceSeconds: 0 });
  },
});
