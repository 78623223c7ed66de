import assert from "node:assert/strict";
import { archiveOf, deployScript } from "../../support/fixtures/deploy_support.ts";
import { ServiceFixture } from "../../support/fixtures/service_fixture.ts";
import { fullOrShort } from "../../support/full_or_short.ts";

const BOTS = 20;
const KEEP = 3;

Deno.test("after many deployments, the disk holds what is kept, and nothing else", async () => {
  const rounds = fullOrShort(50, 6);
  await using service = await ServiceFixture.open({ env: { KEEP_REVISIONS: String(KEEP) } });
  const { client, composed: { store } } = service;
  // Random text, so that every archive has its size.
  const scripts = (bot: number, round: number) => `# ${bot} ${round}\n${"x".repeat(2000 + 13 * round)}`;
  for (let round = 1; round <= rounds; round++) {
    await Promise.all(
      Array.from({ length: BOTS }, (_, bot) =>
        deployScript(client, {
          id: `bot-${bot}`,
          version: `1.${round}`,
          script: scripts(bot, round),
          enabled: false,
        })),
    );
  }
  const stored = await Array.fromAsync(store.list("custom-bots", ""));
  assert.equal(stored.length, BOTS * KEEP);
  let wanted = 0;
  for (let bot = 0; bot < BOTS; bot++) {
    for (let round = rounds - KEEP + 1; round <= rounds; round++) {
      wanted += archiveOf({ "main.py": scripts(bot, round) }).length;
    }
  }
  assert.equal(stored.reduce((sum, { size }) => sum + size, 0), wanted);
  // Each of them is a way back.
  const { revisions } = await client.call("listRevisions", {
    params: { id: "bot-7" },
    query: { limit: "3" },
  });
  assert.deepEqual(revisions.map(({ missing }) => missing), [undefined, undefined, undefined]);
  assert.equal(revisions[0]!.number, rounds);
});
