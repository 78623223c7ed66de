import assert from "node:assert/strict";
import type { Finding } from "../../cli/finding.ts";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { hostIdOf } from "../../lib/engine/container_orchestrator.ts";
import { LABEL } from "../../lib/engine/labels.ts";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { CliProcess } from "../support/fixtures/cli_support.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";
import { IMAGES } from "../support/fixtures/engine_support.ts";
import { until } from "../support/until.ts";
import { watchLive } from "../support/live_watch.ts";
import { type BerthProcess, startBerth } from "../support/processes/berth_process.ts";
import { copyImage, type PrivateEngine, testPrivately } from "../support/servers/private_engine.ts";

const NAMES = ["a", "b"];
const WANTED = Object.fromEntries(NAMES.map((name) => [name, {}]));

interface Host {
  readonly env: Record<string, string>;
  start(...args: string[]): BerthProcess;
  /** Names of the bots that run there. */
  running(): Promise<string[]>;
}

/** One MongoDB, and two hosts of one instance's name: each has an engine and folders of its own. */
class HostsFixture implements AsyncDisposable {
  readonly one: Host;
  readonly two: Host;
  readonly bots: BotFixture;
  readonly #stack: AsyncDisposableStack;

  private constructor(bots: BotFixture, engine: PrivateEngine, stack: AsyncDisposableStack) {
    this.bots = bots;
    this.#stack = stack;
    this.one = this.#toHost({});
    this.two = this.#toHost({
      DOCKER_HOST: engine.dockerHost,
      TEMP_DIR: `${bots.env.HOME}/runtime-2`,
      DATA_DIR: `${bots.env.HOME}/data-2`,
    });
  }

  /** Writes the documents of {@linkcode NAMES}. @param engine The engine of the second host. */
  static async open(engine: PrivateEngine): Promise<HostsFixture> {
    await using stack = new AsyncDisposableStack();
    await copyImage(IMAGES["python3.11"]!, engine.dockerHost);
    const bots = stack.use(await BotFixture.open());
    for (const name of NAMES) await bots.write(bots.document(name));
    return new HostsFixture(bots, engine, stack.move());
  }

  #toHost(more: Record<string, string>): Host {
    const { env, direct } = this.bots;
    const filters = { label: [`${LABEL.instance}=${env.BERTH_INSTANCE}`] };
    const own: Record<string, string> = { ...env, ...direct, RECONCILE_INTERVAL: "1", ...more };
    const docker = connectDocker(own.DOCKER_HOST!);
    return {
      env: own,
      start: (...args) => this.#stack.use(startBerth(own, undefined, args)),
      running: async () => {
        const found = await docker.listContainers({ filters });
        return found.map(({ Labels }) => Labels[LABEL.id]!).sort();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function servingFinding({ env }: Host): Promise<Finding | undefined> {
  const { stdout } = await CliProcess.run(["doctor", "--json"], env);
  return (JSON.parse(stdout) as Finding[]).find(({ subject }) => subject === "Bots");
}

async function bots({ env }: Host): Promise<string> {
  return (await CliProcess.run(["bots"], env)).output;
}

testPrivately(
  "a second host stands by, takes over when an operator says so, and the first stops what it left when it is back",
  async (engine) => {
    await using fixture = await HostsFixture.open(engine);
    const { one, two } = fixture;
    await using here = await EngineFixture.open();
    await using there = await EngineFixture.open({ dockerHost: engine.dockerHost });
    const hosts = [hostIdOf(await here.orchestrator.info()), hostIdOf(await there.orchestrator.info())];
    assert.notEqual(hosts[0], hosts[1], "two engines of one machine are two hosts");

    const first = one.start();
    await untilRunning(fixture.bots, WANTED);
    const second = two.start();
    await second.logged(/standing by.*instance 'test-[^']*' on host .* serves/);
    assert.match(
      await bots(two),
      /cannot look after its bots: it waits for the right to serve: instance 'test-.* serves/,
    );
    assert.match(await bots(one), /running/);
    assert.doesNotMatch(await bots(one), /cannot look after/);
    assert.equal((await servingFinding(one))?.state, "ok");
    assert.match((await servingFinding(one))!.detail, /^are served by instance 'test-.*pid \d+/);
    assert.equal((await servingFinding(two))?.state, "warning");
    assert.match((await servingFinding(two))!.detail, /^are served by instance 'test-.*pid \d+/);

    await first.kill();
    await second.logged(/standing by.*may still run on its host.*berth start --take-over/);
    assert.deepEqual(await two.running(), []);
    const left = NAMES.map(fixture.bots.id);
    assert.deepEqual(await one.running(), left);
    assert.match(await bots(two), /may still run on its host\. When its bots .*--take-over/);
    assert.match((await servingFinding(two))!.advice!, /--take-over/);
    await second[Symbol.asyncDispose]();

    // An operator who is mistaken.
    const third = two.start("--take-over");
    await third.logged(/took over/);
    await until(
      "its bots run on the second host",
      async () => (await two.running()).length === NAMES.length,
    );
    const back = one.start();
    await back.logged(/standing by.*on host .* serves/);
    await until("no bot runs on the first host", async () => (await one.running()).length === 0);
    await back.logged(/bot stopped.*another host serves it/);
    assert.deepEqual(await two.running(), left);
    await until(
      "nothing is left of what was stopped",
      async () => (await fixture.bots.containers()).length === 0,
    );
  },
);

testPrivately(
  "a host that was frozen while another one took over starts nothing, stops its bots, and ends",
  async (engine) => {
    await using fixture = await HostsFixture.open(engine);
    const { one, two } = fixture;
    const first = one.start();
    const [some] = await untilRunning(fixture.bots, WANTED);
    const isOwn = (labels: Readonly<Record<string, string>>) =>
      labels[LABEL.instance] === fixture.bots.env.BERTH_INSTANCE;
    await using live = await watchLive(fixture.bots.docker, isOwn);
    first.signal("SIGSTOP");
    const second = two.start("--take-over");
    await second.logged(/took over/);
    await until(
      "its bots run on the second host",
      async () => (await two.running()).length === NAMES.length,
    );
    // There is something to do for it at once: a bot that has ended, and one that is new.
    await fixture.bots.docker.getContainer(some!.id).kill();
    await fixture.bots.write(fixture.bots.document("c"));
    first.signal("SIGCONT");
    const { code } = await first.status;
    assert.notEqual(code, 0);
    assert.ok(
      first.lines.some((line) => /The right to serve the bots.*was taken over by instance/.test(line)),
      first.lines.slice(-20).join("\n"),
    );
    assert.deepEqual(await one.running(), []);
    assert.deepEqual(live.history.filter(({ action }) => action === "start"), []);
    await until("the new one runs on the second host", async () => (await two.running()).length === 3);
  },
);
