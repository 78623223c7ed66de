/**
 * The supervisor in containers: the same container as on one host.
 *
 * @module
 */

import { strict as assert } from "node:assert";
import { SupervisorFixture } from "../support/fixtures/supervisor_fixture.ts";

const PYTHON = `
import json, os, sys, time
def main(id, config):
    print(json.dumps({"id": id, "config": config, "uid": os.getuid(), "cwd": os.getcwd(),
        "env": {k: v for k, v in os.environ.items()}}), flush=True)
    return {"done": config["n"]}
`;

Deno.test("a supervisor runs a bot as on one host, and brings its result", async () => {
  await using fixture = await SupervisorFixture.open();
  const { order, container } = await fixture.start({
    files: { "main.py": PYTHON },
    executable: { config: '{"n": 7, "text": "a\\"$`b\\n"}', isLongRunning: false },
  });
  const ended = await fixture.ended(container.id);
  const log = await fixture.log(container.id);
  assert.equal(ended.exitCode, 0, log);
  const { env, uid, cwd, config } = JSON.parse(log);
  assert.deepEqual(config, { n: 7, text: 'a"$`b\n' });
  assert.equal(uid, 20_001);
  assert.equal(cwd, "/bot");
  assert.equal(env.LEASE_EPOCH, "1");
  const session = await fixture.supervisors.link.session(order.id);
  assert.equal(session?.end?.cause, "exited");
  const result = await fixture.supervisors.link.result(order.id, { maxBytes: 1000 });
  assert.equal(new TextDecoder().decode(result), '{"done": 7}');
});
