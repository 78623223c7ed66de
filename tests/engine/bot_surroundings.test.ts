/** The surroundings of a bot in its container besides its code: a user, a home, a place for state, names of hosts. */
import assert from "node:assert/strict";
import type { ExecutableInput } from "../../lib/executable/executable.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";

/** Runs a program that ends, and gives what it returned. */
async function returned(
  { runner, deploy }: RunnerFixture,
  files: Record<string, string>,
  input: Partial<ExecutableInput> = {},
): Promise<unknown> {
  const ended = await runner.startContainer(
    await deploy(files, { isLongRunning: false, persistResults: false, ...input }),
  );
  assert.equal(ended.status, "success", JSON.stringify(ended));
  assert.ok(ended.status === "success" && ended.result);
  return JSON.parse(new TextDecoder().decode(ended.result));
}

const PYTHON = `
import getpass, os, pwd, socket, tempfile
def main(id, config):
    state = os.environ["STATE_DIR"]
    open(os.path.join(state, "position.json"), "w").close()
    open("/state/other", "w").close()
    home = os.path.expanduser("~")
    # Where matplotlib, pip and the like keep what they have computed or fetched.
    for cache in (".cache", ".config"):
        os.makedirs(os.path.join(home, cache, "library"))
    tempfile.TemporaryFile().close()
    names = {pwd.getpwuid(os.getuid()).pw_name, getpass.getuser()}
    try:
        open("/etc/passwd", "a")
        names.add("it can change users")
    except OSError: pass
    return {"names": sorted(names), "state": state, "type": os.environ["BOT_TYPE"],
            "host": socket.gethostbyname("host.docker.internal"), "uid": os.getuid(),
            "same": os.path.samefile(home, pwd.getpwuid(os.getuid()).pw_dir)}
`;

const NODE = `
const os = require("node:os"), fs = require("node:fs"), path = require("node:path");
module.exports = async () => {
  const { username, homedir, uid } = os.userInfo();
  fs.writeFileSync(path.join(process.env.STATE_DIR, "position.json"), "");
  fs.writeFileSync(path.join(os.homedir(), "x"), "");
  const { address } = await require("node:dns/promises").lookup("host.docker.internal", { family: 4 });
  return { names: [username], state: process.env.STATE_DIR, type: process.env.BOT_TYPE, host: address, uid,
    same: homedir === os.homedir() };
};
`;

Deno.test("a bot has a name, a home, a place for state and a name for its host, whatever its user", async () => {
  for (const [user, network] of [["65532:65532", "host"], ["300017:300018", "bridge"]] as const) {
    await using fixture = await RunnerFixture.open({ BOT_USER: user, BOT_NETWORK: network });
    const expected = { names: ["bot"], state: "/state/.the0-state", type: "scheduled", same: true };
    for (
      const [files, runtime] of [[{ "main.py": PYTHON }, "python3.11"], [
        { "main.js": NODE },
        "nodejs20",
      ]] as const
    ) {
      const script = Object.keys(files)[0]!;
      const found = await returned(fixture, files, { runtime, entrypointFiles: { bot: script } });
      const { host, uid, ...others } = found as { host: string; uid: number };
      assert.deepEqual(others, expected, `${user}, ${network}, ${runtime}`);
      assert.equal(uid, Number(fixture.config.botUser?.split(":")[0] ?? uid));
      assert.match(host, network === "host" ? /^127\.0\.0\.1$/ : /^172\.|^192\.|^10\./);
    }
  }
});

Deno.test("a bot's state folder is bounded, and a full one is the bot's own error", async () => {
  await using fixture = await RunnerFixture.open({ BOT_MEMORY_LIMIT_MB: "128" });
  const fill = `
import os
def main(id, config):
    try:
        with open("/state/full", "wb") as file:
            for _ in range(64): file.write(bytes(1 << 20))
    except OSError as error:
        return error.strerror
`;
  assert.equal(await returned(fixture, { "main.py": fill }), "No space left on device");
});
