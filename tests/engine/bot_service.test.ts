import assert from "node:assert/strict";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import type { DockerRunnerConfig } from "../../lib/runner/docker_runner_config.ts";
import { ALL_SEGMENTS, type ManagedContainer } from "../../lib/runner/runner.ts";
import type { BotDocument, BotRepository } from "../../services/documents/bot_repository.ts";
import { BotService, type BotServiceOptions } from "../../services/bots/bot_service.ts";
import { connectSqlite } from "../../services/sqlite/connect_sqlite.ts";
import { BOTS } from "../../services/sqlite/sqlite_document_kind.ts";
import { SqliteDocumentRepository } from "../../services/sqlite/sqlite_document_repository.ts";
import { describeCondition } from "../../services/bots/bot_condition.ts";
import type { BotEventHandlers } from "../../services/events/bot_events.ts";
import { InProcessBotEvents } from "../../services/events/in_process_bot_events.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { pause, until } from "../support/until.ts";

const LOOP = "import time\ndef main(id, config):\n    while True: time.sleep(0.05)\n";
const CRASH = "def main(id, config): raise SystemExit(3)\n";

/** Documents in SQLite, and services that run them. */
class BotServiceFixture implements AsyncDisposable {
  readonly store: ObjectStore;
  readonly config: DockerRunnerConfig;
  readonly repository: BotRepository;
  readonly #bots: RunnerFixture;
  readonly #stack: AsyncDisposableStack;

  private constructor(bots: RunnerFixture, repository: BotRepository, stack: AsyncDisposableStack) {
    this.store = bots.store;
    this.config = bots.config;
    this.repository = repository;
    this.#bots = bots;
    this.#stack = stack;
  }

  static async open(): Promise<BotServiceFixture> {
    await using stack = new AsyncDisposableStack();
    const bots = stack.use(await RunnerFixture.open({ STOP_GRACE_SECONDS: "5" }));
    const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const database = connectSqlite(`${folder}/berth.sqlite`);
    stack.defer(() => database.close());
    const repository = new SqliteDocumentRepository(database, BOTS);
    await repository.open();
    // As a service does: its containers say which store they come from.
    bots.runner.setOwner({ id: crypto.randomUUID() });
    stack.defer(async () => {
      for (const { containerId } of await bots.runner.listManagedContainers(ALL_SEGMENTS)) {
        await bots.runner.removeContainer(containerId);
      }
    });
    return new BotServiceFixture(bots, repository, stack.move());
  }

  /** Runs a service until the function has ended; several may follow each other on the same documents. */
  readonly serve = async (
    work: (service: BotService, events: InProcessBotEvents) => Promise<void>,
    options: Partial<BotServiceOptions> = {},
  ): Promise<void> => {
    const events = new InProcessBotEvents();
    const service = new BotService({
      repository: this.repository,
      events,
      runner: this.#bots.runner,
      reconcileIntervalMs: 1000,
      ...options,
    });
    const stop = new AbortController();
    const running = service.run(stop.signal);
    try {
      await work(service, events);
    } finally {
      stop.abort();
      await running;
    }
  };

  /** A document that runs this code. */
  readonly document = async (
    id: string,
    code: string,
    more: Record<string, unknown> = {},
  ): Promise<BotDocument> => {
    const { filePath } = await this.#bots.deploy({ "main.py": code });
    const config = { runtime: "python3.11", entrypoints: { bot: "main.py" } };
    return { id, config: {}, custom: { version: "1", filePath, config }, ...more };
  };

  readonly bot = async (id: string): Promise<ManagedContainer | undefined> =>
    (await this.#bots.runner.findContainers("bot", id))[0];

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Events that come from a server: the connection takes its time, and begins with a gap. */
class ConnectingEvents extends InProcessBotEvents {
  #connected = Promise.resolve();

  override subscribe(handlers: BotEventHandlers): void {
    super.subscribe({ ...handlers, onGap: () => {} });
    this.#connected = pause(300, "the server answers").then(() => handlers.onGap());
  }

  override caughtUp(): Promise<void> {
    return this.#connected;
  }
}

let sequence = 0;

function change(type: "created" | "updated", document: BotDocument) {
  return { type, id: String(document.id), document, order: { sequence: ++sequence } } as const;
}

function deletion(id: string) {
  return { type: "deleted", id, order: { sequence: ++sequence } } as const;
}

Deno.test("BotService starts, replaces and stops a bot as events say", async () => {
  await using fixture = await BotServiceFixture.open();
  const { serve, document, bot } = fixture;
  await serve(async (service, events) => {
    const one = await document("one", LOOP);
    await events.publish(change("created", one));
    await until("one runs", async () => (await bot("one"))?.phase === "running");
    await until("its condition", () => service.state.getRunningBot("one")?.condition.type === "running");
    const first = await bot("one");
    assert.equal(service.state.getRunningBot("one")?.containerId, first?.containerId);

    await events.publish(change("updated", { ...one, config: { symbol: "BTC" } }));
    await until("one is replaced", async () => {
      const now = await bot("one");
      return now?.phase === "running" && now.containerId !== first?.containerId;
    });

    await events.publish(change("updated", { ...one, config: { symbol: "BTC", enabled: false } }));
    await until("one is stopped", async () => await bot("one") === undefined);
    await until("its condition", () => service.state.getRunningBot("one")?.condition.type === "disabled");

    await events.publish(change("updated", one));
    await until("one runs again", async () => (await bot("one"))?.phase === "running");
    await events.publish(deletion("one"));
    await until("one is gone", async () => await bot("one") === undefined);
    await until("and forgotten", () => service.state.getRunningBot("one") === undefined);
  });
});

Deno.test("BotService reads all documents once when it starts: the beginning of its events is no reason to do it again", async () => {
  await using fixture = await BotServiceFixture.open();
  const { serve, document, bot, repository } = fixture;
  await repository.apply(change("created", await document("one", LOOP)));
  let reads = 0;
  const counting = new Proxy(repository, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name !== "list") return value.bind(target);
      return (...args: Parameters<BotRepository["list"]>) => {
        reads++;
        return target.list(...args);
      };
    },
  });
  const untilRunning = () => until("one runs", async () => (await bot("one"))?.phase === "running");
  await serve(untilRunning, {
    repository: counting,
    events: new ConnectingEvents(),
    reconcileIntervalMs: 600_000,
  });
  assert.equal(reads, 1);
});

Deno.test("BotService finds documents without an event, and stops nothing when it ends", async () => {
  await using fixture = await BotServiceFixture.open();
  const { serve, document, bot, repository } = fixture;
  await repository.apply(change("created", await document("one", LOOP)));
  await serve(() => until("one runs", async () => (await bot("one"))?.phase === "running"));
  const before = await bot("one");
  assert.equal(before?.phase, "running");
  await serve(async (service) => {
    await until("one is adopted", () => service.state.getRunningBot("one")?.condition.type === "running");
    assert.equal((await bot("one"))?.containerId, before.containerId);
  });
  await repository.apply(change("updated", { ...await document("one", LOOP), config: { a: 1 } }));
  await serve(() =>
    until("one is replaced", async () => {
      const now = await bot("one");
      return now?.phase === "running" && now.containerId !== before.containerId;
    })
  );
  await serve(() => Promise.resolve(), { botsOnShutdown: "stop" });
  assert.equal(await bot("one"), undefined);
});

Deno.test("BotService starts a bot that crashes again, later and later, and counts across its own restarts", async () => {
  await using fixture = await BotServiceFixture.open();
  const { serve, document, bot, repository } = fixture;
  await repository.apply(change("created", await document("crash", CRASH)));
  await repository.apply(change("created", await document("fine", LOOP)));
  const times: number[] = [];
  await serve(async (service) => {
    await until("the third start", async () => {
      const now = await bot("crash");
      if (now?.startedAt && !times.includes(now.startedAt.getTime())) times.push(now.startedAt.getTime());
      return (now?.attempt ?? 0) >= 3 && now?.phase === "exited";
    });
    await until(
      "its condition",
      () => service.state.getRunningBot("crash")?.condition.type === "backing-off",
    );
    assert.match(
      describeCondition(service.state.getRunningBot("crash")!.condition),
      /^backing off until .*exit code 3/,
    );
    assert.equal((await bot("fine"))?.phase, "running");
  });
  const [first, second, third] = times;
  assert.ok(second! - first! >= 1000 && third! - second! >= 2000, `starts at ${times}`);
  await serve(() => until("the fourth start", async () => (await bot("crash"))?.attempt === 4));
  const fourth = (await bot("crash"))!.startedAt!.getTime();
  assert.ok(fourth - third! >= 4000, `starts at ${[...times, fourth]}`);
});

Deno.test("BotService runs 10 good bots among documents that cannot be run, each with a condition of its own", async () => {
  await using fixture = await BotServiceFixture.open();
  const { serve, document, bot, repository } = fixture;
  const good = await Promise.all(Array.from({ length: 10 }, (_, index) => document(`good-${index}`, LOOP)));
  const base = good[0]!;
  const poison: Record<string, BotDocument> = {
    "no-custom": { id: "no-custom", config: {} },
    "text-config": { ...base, id: "text-config", config: "a text" },
    "no-entrypoints": {
      ...base,
      id: "no-entrypoints",
      custom: { version: "1", filePath: "x", config: {} },
    },
    "slash/id": { ...base, id: "slash/id" },
  };
  for (const document of [...good, ...Object.values(poison)]) {
    await repository.apply(change("created", document));
  }
  await serve(async (service) => {
    for (const { id } of good) {
      await until(`${id} runs`, async () => (await bot(String(id)))?.phase === "running");
    }
    for (const id of Object.keys(poison)) {
      await until(
        `the condition of ${id}`,
        () => service.state.getRunningBot(id)?.condition.type === "invalid",
      );
    }
    const reasons = Object.keys(poison).map((id) =>
      describeCondition(service.state.getRunningBot(id)!.condition)
    );
    assert.equal(new Set(reasons).size, reasons.length, reasons.join("\n"));
  });
});

Deno.test("BotService waits with a condition for code that is not there, and starts once it is", async () => {
  await using fixture = await BotServiceFixture.open();
  const { serve, document, bot, repository, store, config } = fixture;
  const one = await document("one", LOOP);
  const { filePath } = one.custom as { filePath: string };
  const { body } = await store.get(config.buckets.code, filePath);
  const archive = new Uint8Array(
    await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer(),
  );
  await store.delete(config.buckets.code, filePath);
  await repository.apply(change("created", one));
  await serve(async (service) => {
    await until("its condition", () => service.state.getRunningBot("one")?.condition.type === "failed");
    assert.match(describeCondition(service.state.getRunningBot("one")!.condition), /no object/);
    await store.put(config.buckets.code, filePath, archive);
    await until("one runs", async () => (await bot("one"))?.phase === "running");
  });
});

Deno.test("BotService holds bots whose documents vanish together, and stops those whose deletion was said", async () => {
  await using fixture = await BotServiceFixture.open();
  const { serve, document, bot, repository } = fixture;
  const ids = Array.from({ length: 10 }, (_, index) => `bot-${index}`);
  const shared = await document("shared", LOOP);
  for (const id of ids) await repository.apply(change("created", { ...shared, id }));
  const emptied: BotRepository = {
    open: (options) => repository.open(options),
    get: () => Promise.resolve(undefined),
    wasDeleted: () => Promise.resolve(false),
    list: () => Promise.resolve([]),
    apply: (change, options) => repository.apply(change, options),
    write: (change, options) => repository.write(change, options),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  await serve(async () => {
    for (const id of ids) await until(`${id} runs`, async () => (await bot(id))?.phase === "running");
  });
  // A read that finds nothing, as of the wrong database.
  await serve(async (service, events) => {
    await until("all are held", () => {
      const bots = service.state.getAllRunningBots();
      return bots.length === 10 && bots.every(({ condition }) => condition.type === "held");
    });
    for (const id of ids) assert.equal((await bot(id))?.phase, "running");
    await events.publish(deletion("bot-0"));
    await until("bot-0 is gone", async () => await bot("bot-0") === undefined);
    assert.equal((await bot("bot-1"))?.phase, "running");
    await until(
      "all others are gone after three reads that agree",
      async () => (await bot("bot-9")) === undefined,
    );
  }, { repository: emptied, reconcileIntervalMs: 3000 });
  for (const id of ids) assert.equal(await bot(id), undefined, id);
});
