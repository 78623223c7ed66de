/**
 * Bytecode of the runner's own files: the supervisor has the image make it, once for a node.
 *
 * @module
 */

import { strict as assert } from "node:assert";
import { IMAGES } from "../support/fixtures/engine_support.ts";
import { SupervisorFixture } from "../support/fixtures/supervisor_fixture.ts";

/** Prints whether Python takes the bytecode of a module of the runner for up to date. */
const SHOW = `
import importlib.util, os, sys
def main(id, config):
    spec = sys.modules["_berth_run"].__spec__
    try:
        data = open(spec.cached, "rb").read()
    except FileNotFoundError:
        data = b""
    source = os.stat(spec.origin)
    number = lambda at: int.from_bytes(data[at:at + 4], "little")
    fits = data[:4] == importlib.util.MAGIC_NUMBER and (number(8), number(12)) == (int(source.st_mtime), source.st_size)
    print("bytecode:", fits, flush=True)
`;

const IMAGE = `${IMAGES["python3.11"]}@sha256:${"a".repeat(64)}`;

async function run(fixture: SupervisorFixture, image?: string, uid = 20_001): Promise<string> {
  const user = { uid, gid: uid };
  const { container } = await fixture.start({ files: { "main.py": SHOW }, user, ...(image && { image }) });
  const { exitCode } = await fixture.ended(container.id);
  const log = await fixture.log(container.id);
  assert.equal(exitCode, 0, log);
  return log;
}

/** Bytecode, and what an attack leaves, in the runner's folders in the cache of a node. */
async function compiled({ cache }: SupervisorFixture): Promise<string[]> {
  const { stdout } = await new Deno.Command("find", {
    args: [`${cache}/trees`, "-path", "*/runner/*", "!", "-type", "d", "-printf", "%M %U %f\n"],
  }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => /pyc|evil/.test(line)).toSorted();
}

/** Lets Berth answer with another compiler. */
function compileWith(fixture: SupervisorFixture, ...compile: string[]): void {
  fixture.intercept = (request) => {
    if (!request.url.endsWith("/begin")) return undefined;
    return fixture.supervisors.answer(request).then(async (response) => {
      const order = await response.json();
      return Response.json({ ...order, runner: { ...order.runner, compile } });
    });
  };
}

Deno.test("the first container of an image on a node compiles the runner's files, for all that have the image", async () => {
  await using fixture = await SupervisorFixture.open();
  assert.equal(await run(fixture, IMAGE), "bytecode: True");
  const files = await compiled(fixture);
  assert.ok(files.includes("-rw-r--r-- 0 _berth_run.cpython-311.pyc"), files.join("\n"));
  assert.ok(files.every((file) => file.startsWith("-rw-r--r-- 0 ")), files.join("\n"));
  assert.equal(await run(fixture, IMAGE, 20_002), "bytecode: True");
  assert.deepEqual(await compiled(fixture), files);
  // Another image must not share it: its interpreter may be another one, or a malicious one.
  compileWith(fixture, "/bin/false");
  assert.equal(await run(fixture, IMAGE.replace("@sha256:a", "@sha256:b")), "bytecode: False");
  fixture.intercept = undefined;
  assert.equal(await run(fixture, IMAGES["python3.11"]), "bytecode: False", "a tag may change its image");
  assert.equal(await run(fixture), "bytecode: False", "the order of an earlier version of Berth");
});

Deno.test("an image's compiler leaves nothing but bytecode in the cache, and no process", async () => {
  await using fixture = await SupervisorFixture.open();
  const attack = `
    cd "$2" && mkdir __pycache__ sdk other && cd __pycache__
    ln -s /etc/shadow _berth_load.cpython-311.pyc
    mkfifo _berth_json.cpython-311.pyc
    head -c 5000000 /dev/zero > _berth_stop.cpython-311.pyc
    echo x > evil.cpython-311.pyc
    echo x > _berth_run.evil
    echo x > ../evil.py
    mkdir ../other/__pycache__ && echo x > ../other/__pycache__/evil.pyc
    ln -s / ../__pycache__/evil
    echo "not bytecode" > _berth_errors.cpython-311.pyc
    echo x >> "$1/_berth_run.py" 2>/dev/null && echo x > _berth_result.cpython-311.pyc
    ls /berth-cache/work && echo x > _berth_result.cpython-311.pyc
    sleep 1000 &
    exit 0`;
  compileWith(fixture, "/bin/sh", "-c", attack, "sh");
  const { container } = await fixture.start({
    files: {
      "main.py": `
import os
def main(id, config):
    names = [open(f"/proc/{pid}/comm").read().strip() for pid in os.listdir("/proc") if pid.isdigit()]
    print("sleep" in names, os.listdir("/tmp"), flush=True)
`,
    },
    image: IMAGE,
  });
  const { exitCode } = await fixture.ended(container.id);
  assert.equal(exitCode, 0);
  assert.equal(await fixture.log(container.id), "False []");
  // What is no bytecode of this Python is ignored by it.
  assert.deepEqual(await compiled(fixture), ["-rw-r--r-- 0 _berth_errors.cpython-311.pyc"]);
});

Deno.test("an image without a compiler runs its bots", async () => {
  await using fixture = await SupervisorFixture.open();
  for (const compile of [["/nowhere"], ["sh", "-c", "kill -9 $$"]]) {
    compileWith(fixture, ...compile);
    const image = IMAGE.replace("@sha256:a", `@sha256:${compile.length}`);
    assert.equal(await run(fixture, image), "bytecode: False");
  }
});
