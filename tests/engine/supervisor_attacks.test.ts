/**
 * The limits of a bot that attacks its supervisor, and the worth of a stolen token.
 *
 * @module
 */

import { strict as assert } from "node:assert";
import { SupervisorFixture } from "../support/fixtures/supervisor_fixture.ts";
import { pause } from "../support/until.ts";

/** Tries everything that a bot might, and prints what succeeded. */
const HOSTILE = `
import ctypes, glob, json, os, signal, socket, subprocess

def attempt(name, work, found):
    try:
        value = work()
        found[name] = value if isinstance(value, (str, int, list)) else "done"
    except Exception:
        pass

def others():
    for path in glob.glob("/proc/[0-9]*"):
        pid = int(path.split("/")[-1])
        if os.stat(path).st_uid != os.getuid():
            yield pid

def main(id, config):
    found = {}
    for path in ("/berth-supervisor/token", "/proc/1/environ", "/proc/1/mem", "/proc/1/maps", "/dev/shm/berth-supervisor/deadline"):
        attempt(f"read {path}", lambda: open(path, "rb").read(1000).decode("latin-1"), found)
    for pid in others():
        for name in ("environ", "mem", "maps", "fd", "cwd"):
            path = f"/proc/{pid}/{name}"
            attempt(f"read {path}", lambda: os.listdir(path) if name == "fd" else os.readlink(path) if name == "cwd" else open(path, "rb").read(10).decode("latin-1"), found)
        attempt(f"kill {pid}", lambda: os.kill(pid, signal.SIGSTOP), found)
        attempt(f"trace {pid}", lambda: 1 / (ctypes.CDLL(None).ptrace(16, pid, 0, 0) + 1), found)
    for path in ("/berth-cache", "/berth-cache/trees", "/berth-cache/uses", "/berth-cache/locks", "/berth-cache/work", "/berth-cache/states", "/berth-cache/programs"):
        attempt(f"list {path}", lambda: os.listdir(path), found)
        attempt(f"write {path}", lambda: open(f"{path}/mine", "w").write("x"), found)
    for path in glob.glob("/berth/**", recursive=True):
        if os.path.isfile(path):
            attempt(f"append {path}", lambda: open(path, "a").write("x"), found)
    attempt("replace /berth", lambda: os.rename("/berth", "/tmp/berth"), found)
    attempt("root", lambda: os.setuid(0), found)
    attempt("su", lambda: subprocess.run(["su", "-c", "id"], capture_output=True, check=True, stdin=subprocess.DEVNULL), found)
    attempt("env", lambda: [name for name in os.environ if name.startswith("BERTH_")] or 1 / 0, found)
    attempt("fds", lambda: [fd for fd in os.listdir("/proc/self/fd") if int(fd) > 3] or 1 / 0, found)
    with open("/dev/shm/big", "wb", buffering=0) as file:
        try:
            while True: file.write(b"x" * (1 << 20))
        except OSError:
            pass
    attempt("unlink", lambda: os.rename("/dev/shm/berth-supervisor", "/dev/shm/x"), found)
    print(json.dumps(found), flush=True)
    while config.get("wait"):
        signal.pause()
`;

Deno.test("a bot reaches neither token nor supervisor, nor the cache of its node", async () => {
  await using fixture = await SupervisorFixture.open();
  const { container } = await fixture.start({
    files: { "main.py": HOSTILE },
    leaseSeconds: 3,
    executable: { config: { wait: true } },
  });
  const log = await fixture.printed(container.id, "{");
  assert.deepEqual(JSON.parse(log.split("\n").find((line) => line.startsWith("{"))!), {});
  // A full /dev/shm does not stop the deadline from being written.
  const before = fixture.leases.renewals;
  await pause(4000, "the lease would be over");
  assert(fixture.leases.renewals > before + 3);
  assert.equal((await fixture.engine.orchestrator.getStatus(container.id))?.phase, "running");
});

Deno.test("a state that leads out of its folder brings nothing of others into a snapshot", async () => {
  await using fixture = await SupervisorFixture.open();
  const state = { maxBytes: 1e6, keep: 3, everySeconds: 3600 };
  const { container } = await fixture.start({
    files: {
      "main.py": `
import os
def main(id, config):
    os.symlink("/berth-supervisor/token", "/state/token")
    os.symlink("/berth-cache", "/state/cache")
    os.mkfifo("/state/pipe")
    os.symlink("/berth-supervisor/token", "/bot/result.json")
`,
    },
    executable: { state, isLongRunning: true },
  });
  assert.equal((await fixture.ended(container.id)).exitCode, 0);
  const keys = await Array.fromAsync(fixture.store.listKeys("bot-state", "bot/state/"));
  const archive = await fixture.store.get("bot-state", keys.find((key) => key.endsWith(".tar.gz"))!);
  const plain = archive.body.pipeThrough(new DecompressionStream("gzip") as never) as ReadableStream<
    Uint8Array
  >;
  const text = await new Response(plain as BodyInit).text();
  assert(!/bo_[0-9a-f]{32}_/.test(text), "the token is in the snapshot");
  const results = await Array.fromAsync(fixture.store.listKeys("test-results", "bot/"));
  assert.deepEqual(results, []);
});

Deno.test("tokens work for their own order, once, and only while the lease is held", async () => {
  await using fixture = await SupervisorFixture.open();
  const { supervisors } = fixture;
  const call = async (path: string, token: string, body?: unknown, method = "POST") => {
    const response = await supervisors.answer(
      new Request(`http://berth/supervisor/v1/${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    );
    const text = await response.text();
    return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
  };
  const taker = (nonce: string, task = "t1") => ({ task, node: "n", nonce: nonce.repeat(64) });
  const order = await fixture.order({
    files: { "main.py": "" },
    lease: { key: "k", owner: "o", epoch: 1, leaseSeconds: 6 },
  });
  const bootstrap = await supervisors.orders.put(order);
  assert.equal((await call("begin", bootstrap.slice(0, -1) + "!", taker("a"))).status, 401);
  const begun = await call("begin", bootstrap, taker("a"));
  assert.equal(begun.status, 200);
  // The same supervisor may repeat a call whose answer was lost; nobody else takes the order up.
  assert.equal((await call("begin", bootstrap, taker("a"))).status, 200);
  assert.equal((await call("begin", bootstrap, taker("b"))).status, 409);
  assert.equal((await call("begin", bootstrap, taker("a", "t2"))).status, 409);
  const { token } = begun.body;
  const renewal = { nonce: "a".repeat(64) };
  assert.equal((await call("renew", token, renewal)).status, 200);
  assert.equal((await call("renew", bootstrap, renewal)).status, 401);
  assert.equal((await call("begin", token, taker("a"))).status, 401);
  assert.equal((await call("objects/code", token, undefined, "GET")).status, 200);
  for (
    const path of ["objects/libraries", "objects/../code", "objects/snapshots/x", "objects/code/../../x", ""]
  ) {
    assert.equal((await call(path, token, undefined, "GET")).status, 404, path);
  }
  assert.equal((await call("snapshots", token, {})).status, 409);
  const other = await fixture.order({ files: { "main.py": "" } });
  await supervisors.orders.put(other);
  const forged = token.replace(order.id, other.id);
  assert.equal((await call("renew", forged, renewal)).status, 401);
  assert.equal((await call("renew", token, "{")).status, 400);
  assert.equal((await call("renew", token, { ...renewal, more: 1 })).status, 400);
  assert.equal((await call("renew", token, `"${"x".repeat(2 * 1024 * 1024)}"`)).status, 413);
  assert.equal((await call("result", token, `no json\n${"x".repeat(10)}`, "PUT")).status, 400);
  fixture.leases.isLost = true;
  assert.equal((await call("renew", token, renewal)).status, 410);
  assert.equal((await call("result", token, "[]\n{}", "PUT")).status, 410);
  fixture.leases.isLost = false;
  const end = { cause: "exited", exitCode: 0, isKilled: false, isOutOfMemory: false };
  assert.equal((await call("end", token, end)).status, 200);
  assert.equal((await call("end", token, { ...end, exitCode: 5 })).status, 200);
  assert.equal((await supervisors.link.session(order.id))?.end?.exitCode, 0);
  assert.equal((await call("renew", token, renewal)).status, 410);
  assert.equal((await call("begin", bootstrap, taker("a"))).status, 409);
  await supervisors.orders.remove(order.id);
  assert.equal((await call("begin", bootstrap, taker("a"))).status, 401);
  assert.equal((await call("renew", token, renewal)).status, 401);
});
