import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { IMAGES } from "../support/fixtures/engine_support.ts";
import { fullOrShort } from "../support/full_or_short.ts";
import { copyImage, testPrivately } from "../support/servers/private_engine.ts";

/** How the engine ends each time, and whether its containers outlive the next one that is started. */
const RESTARTS = [
  { signal: "TERM", liveRestore: false },
  { signal: "TERM", liveRestore: false },
  { signal: "KILL", liveRestore: true },
  { signal: "KILL", liveRestore: true },
  { signal: "TERM", liveRestore: true },
] as const;

testPrivately(
  "BotService starts bots where no registry is reachable, and has all of them again after each restart of the engine",
  async (engine) => {
    await copyImage(IMAGES["python3.11"]!, engine.dockerHost);
    await using fixture = await BotFixture.open({ dockerHost: engine.dockerHost });
    const { document, publish, start, proxies } = fixture;
    await using berth = start();
    const bots: Record<string, Record<string, unknown>> = {};
    for (let bot = 0; bot < 5; bot++) {
      bots[`bot-${bot}`] = {};
      await publish("created", document(`bot-${bot}`));
    }
    await untilRunning(fixture, bots);
    const times: number[] = [];
    for (const [round, { signal, liveRestore }] of RESTARTS.slice(0, fullOrShort(5, 3)).entries()) {
      await engine.signal(signal);
      // Told while there is no engine.
      bots[`late-${round}`] = {};
      await publish("created", document(`late-${round}`));
      await proxies.engine.cut();
      await proxies.engine.open();
      await engine.start({ liveRestore });
      const begin = performance.now();
      await untilRunning(fixture, bots);
      times.push(Math.round(performance.now() - begin));
    }
    console.log(`all bots run again ${times.join(", ")} ms after a restart of the engine`);
    await berth.logged(/all services reachable again|bot started/);
  },
);
