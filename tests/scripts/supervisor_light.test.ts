/**
 * The parts that the supervisor in Python has of its own instead of loading larger ones of the standard library.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../lib/cluster/supervisor/python", import.meta.url));
/** Python without its modules in C, as other implementations are. */
const PLAIN = "sys.modules.update(dict.fromkeys(['_json', '_queue', '_signal', '_socket']))";

/** Runs a program beside the supervisor's modules. @returns The JSON that it prints. */
async function run(program: string, before = ""): Promise<unknown> {
  const script = `import json, queue, signal, socket, sys\nsys.path.insert(0, ${
    JSON.stringify(FOLDER)
  })\n${before}\n${program}`;
  const { success, stdout, stderr } = await new Deno.Command("python3", { args: ["-B", "-c", script] })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

const JSON_PROGRAM = `
from light import from_json, make_scanner, to_json
values = [None, True, False, 0, -7, 1.5, 1e300, "", "ä\\"\\\\\\n\\0\\U0001f600", [], {}, [1, [2, {"a b": None}]], {"x": {"y": [""]}}]
refused = []
for text in ["", " ", "{", "[1,]", "{'a': 1}", "1 2", "nul", b"\\xff"]:
    try:
        refused.append(from_json(text))
    except ValueError:
        pass
print(json.dumps({
    "isInC": make_scanner is not None,
    "wrong": [value for value in values if from_json(to_json(value)) != value or json.loads(to_json(value)) != value],
    "isSpaced": from_json(b" [1]\\n") == [1],
    "refused": refused,
}))`;

Deno.test("the supervisor reads and writes JSON as Python's own module does, with and without its parts in C", async () => {
  const right = { wrong: [], isSpaced: true, refused: [] };
  assert.deepEqual(await run(JSON_PROGRAM), { isInC: true, ...right });
  assert.deepEqual(await run(JSON_PROGRAM, PLAIN), { isInC: false, ...right });
});

const PROCESS_PROGRAM = `
import os
from process import start_process

def start(script, **options):
    return start_process(["sh", "-c", script], {"PATH": "/nowhere:" + os.environ["PATH"], "GREETING": "hello"}, **options)

def problem_of(command, **options):
    try:
        start_process(command, {"PATH": "/bin:/usr/bin"}, **options)
    except OSError as error:
        return str(error)

def refuse():
    raise RuntimeError("not now")

descriptors = os.listdir("/proc/self/fd")
waits = start("sleep 60")
before = waits.poll()
os.kill(waits.pid, 15)
print(json.dumps({
    "ends": [start(script, cwd="/tmp").wait() for script in
             ["exit 7", '[ "$GREETING $PWD" = "hello /tmp" ]', "read line", "kill -PIPE $$"]],
    "running": before, "ended": [waits.wait(), waits.poll()],
    "problems": [problem_of(["no-such-program"]), problem_of(["/etc/passwd"]), problem_of(["true"], cwd="/nowhere"),
                 problem_of(["true"], prepare=refuse)],
    "descriptors": len(os.listdir("/proc/self/fd")) == len(descriptors),
}))`;

Deno.test("the supervisor starts programs with their own environment, and says why one does not start", async () => {
  for (const before of ["", PLAIN]) {
    assert.deepEqual(await run(PROCESS_PROGRAM, before), {
      ends: [7, 0, 1, -13],
      running: null,
      ended: [-15, -15],
      problems: [
        "[Errno 2] No such file or directory: 'no-such-program'",
        "[Errno 13] Permission denied: '/etc/passwd'",
        "[Errno 2] No such file or directory: '/nowhere'",
        "not now",
      ],
      descriptors: true,
    });
  }
});
