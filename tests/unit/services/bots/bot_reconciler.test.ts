/** A pass over a bot, by earlier sightings of its containers, true or not. */

import assert from "node:assert/strict";
import {
  ContainerConflictError,
  ContainerNotFoundError,
  EngineDiskFullError,
  EngineHangsError,
  InvalidArchiveError,
  LogsNotSavedError,
} from "../../../../lib/errors.ts";
import type { GateAnswer, RunGate, RunRefusal } from "../../../../services/bots/run_gate.ts";
import type { Executable } from "../../../../lib/executable/executable.ts";
import type {
  ManagedContainer,
  Runner,
  StartContainerOptions,
  StopContainerOptions,
} from "../../../../lib/runner/runner.ts";
import { AccountHeldError } from "../../../../services/leases/account_held_error.ts";
import { LeaseHeldError } from "../../../../lib/cluster/cluster_leases.ts";
import { describeCondition } from "../../../../services/bots/bot_condition.ts";
import { describeBotEnd } from "../../../../services/bots/describe_bot_end.ts";
import { BotReconciler, type BotReconcilerOptions } from "../../../../services/bots/bot_reconciler.ts";
import { BotTable } from "../../../../services/bots/bot_table.ts";
import { ServiceState } from "../../../../services/bots/service_state.ts";
import {
  type BotDocument,
  type BotRepository,
  StoreUnavailableError,
} from "../../../../services/documents/bot_repository.ts";
import { NotServingError } from "../../../../services/ownership/serving_right.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const ID = "bot-1";
const { signal } = new AbortController();

function documentOf(version: string, enabled = true): BotDocument {
  return {
    id: ID,
    segment_id: 0,
    config: {},
    enabled,
    custom: { version, filePath: "x", config: { runtime: "python3.11", entrypoints: { bot: "main.py" } } },
  };
}

/** An engine with one name, and what was asked of it. */
class OneBotEngine {
  readonly asked: string[] = [];
  /** Whether it stands for several hosts. */
  spansHosts = false;
  /** Called while something is prepared. */
  onPrepare = () => {};
  there: ManagedContainer | undefined;
  /** Breaks the next stop, after it has been asked for. */
  problem: Error | undefined;
  /** Breaks preparations. */
  unprepared: Error | undefined;
  /** The reason that the last stopped program was given. */
  told: string | undefined;
  #made = 0;

  make(version: string): ManagedContainer {
    const containerId = `c${++this.#made}`;
    return this.there = {
      id: ID,
      containerId,
      containerName: "name",
      image: "image",
      kind: "bot",
      specHash: version,
      attempt: 1,
      segment: 0,
      phase: "running",
      createdAt: new Date(0),
    };
  }

  runner(): Runner {
    const runner = {
      capabilities: { spansHosts: this.spansHosts },
      specHash: ({ version }: Executable) => version ?? "",
      specParts: () => "",
      waitingLogs: () => undefined,
      findContainers: () => {
        this.asked.push("look");
        return Promise.resolve(this.there ? [this.there] : []);
      },
      prepare: () => {
        this.asked.push("prepare");
        this.onPrepare();
        return this.unprepared ? Promise.reject(this.unprepared) : Promise.resolve();
      },
      startContainer: ({ version }: Executable, { beforeStart }: StartContainerOptions) => {
        this.asked.push("start");
        try {
          beforeStart?.();
        } catch (error) {
          return Promise.reject(error);
        }
        const { problem } = this;
        this.problem = undefined;
        if (problem) return Promise.reject(problem);
        if (this.there) return Promise.reject(new ContainerConflictError("name", "the name is taken"));
        return Promise.resolve({ status: "running", container: this.make(version ?? "") });
      },
      stopContainer: ({ containerId }: ManagedContainer, { reason }: StopContainerOptions) => {
        this.asked.push(`stop ${containerId}`);
        this.told = reason;
        const { problem } = this;
        this.problem = undefined;
        if (problem) return Promise.reject(problem);
        if (this.there?.containerId !== containerId) {
          return Promise.reject(new ContainerNotFoundError(containerId));
        }
        this.there = undefined;
        return Promise.resolve({ how: "stopped", exitCode: 0, output: "" });
      },
    };
    return runner as unknown as Runner;
  }
}

type Accounts = NonNullable<BotReconcilerOptions["accounts"]>;

function makeReconciler(
  gate: RunGate = { ask: () => ({}) },
  accounts?: Accounts,
  { spansHosts = false, whyIdle }: { spansHosts?: boolean; whyIdle?: () => string | undefined } = {},
) {
  const engine = new OneBotEngine();
  engine.spansHosts = spansHosts;
  const clock = new FakeClock(0);
  const bots = new BotTable();
  const state = new ServiceState({ bots, clock });
  const reads: string[] = [];
  const database = {
    isDown: false,
    late: undefined as BotDocument | undefined,
    document: undefined as BotDocument | undefined,
  };
  const repository = {
    get: (id: string) => {
      reads.push(id);
      // Only the second read is waited for long enough.
      if (database.late && reads.length > 1) return Promise.resolve(database.late);
      return database.isDown
        ? Promise.reject(new StoreUnavailableError("it is down"))
        : Promise.resolve(database.document);
    },
  } as Partial<BotRepository> as BotRepository;
  const reconciler = new BotReconciler({
    repository,
    runner: engine.runner(),
    bots,
    state,
    clock,
    segment: -1,
    whyHeld: () => undefined,
    gate,
    ...(accounts && { accounts }),
    ...(whyIdle && { whyIdle }),
  });
  const pass = async (document: BotDocument | undefined) => {
    engine.asked.length = 0;
    bots.documentWritten(ID, document);
    await reconciler.reconcile(ID, signal);
    assert.deepEqual(reads, [], "the document was read again");
    return engine.asked;
  };
  const conditionOf = () => state.getRunningBot(ID)?.condition.type;
  /** Makes a pass that has to read the document, while the database does not answer. */
  const passInOutage = async () => {
    engine.asked.length = 0;
    database.isDown = true;
    bots.documentChanged(ID);
    await reconciler.reconcile(ID, signal).finally(() => {
      database.isDown = false;
      reads.length = 0;
    });
    return engine.asked;
  };
  return { engine, database, reads, bots, reconciler, pass, passInOutage, conditionOf, clock, state };
}

Deno.test("BotReconciler looks once, and knows then what it has made and ended", async () => {
  const { engine, pass, conditionOf } = makeReconciler();
  assert.deepEqual(await pass(documentOf("1")), ["look", "start"]);
  assert.deepEqual(await pass(documentOf("1", false)), ["stop c1"]);
  assert.equal(conditionOf(), "disabled");
  assert.deepEqual(await pass(documentOf("1")), ["start"]);
  assert.deepEqual(await pass(documentOf("2")), ["prepare", "stop c2"]);
  assert.deepEqual(await pass(documentOf("2")), ["start"]);
  assert.equal(engine.there?.specHash, "2");
  assert.equal(conditionOf(), "running");
});

Deno.test("BotReconciler looks before it does nothing", async () => {
  const { engine, bots, pass } = makeReconciler();
  await pass(documentOf("1"));
  assert.deepEqual(await pass(documentOf("1")), ["look"]);
  // Seen running, and gone since.
  engine.there = undefined;
  assert.deepEqual(await pass(documentOf("1")), ["look", "start"]);
  // Seen as none, and there all the same.
  bots.containersSeen(ID, []);
  assert.deepEqual(await pass(documentOf("1", false)), ["look", "stop c2"]);
  assert.equal(engine.there, undefined);
});

Deno.test("BotReconciler reads no document to find that there is nothing to do, unless it may have changed", async () => {
  const { engine, bots, database, reads, reconciler, pass } = makeReconciler();
  await pass(documentOf("1"));
  await reconciler.reconcile(ID, signal);
  assert.deepEqual(reads, []);
  // It has exited, and may start again only if its document still says so.
  engine.there = undefined;
  database.document = documentOf("1", false);
  await reconciler.reconcile(ID, signal);
  assert.deepEqual(reads.splice(0), [ID]);
  assert.equal(engine.there, undefined);
  await pass(documentOf("1"));
  database.document = documentOf("2");
  bots.documentChanged(ID);
  await reconciler.reconcile(ID, signal);
  assert.deepEqual(reads.splice(0), [ID]);
  database.document = documentOf("2");
  await reconciler.reconcile(ID, signal);
  assert.equal((engine.there as ManagedContainer | undefined)?.specHash, "2");
});

Deno.test("BotReconciler looks when the container that it knew is not there any more", async () => {
  const { engine, pass, conditionOf } = makeReconciler();
  await pass(documentOf("1"));
  engine.there = undefined;
  assert.deepEqual(await pass(documentOf("1", false)), ["stop c1", "look"]);
  assert.equal(conditionOf(), "disabled");
  await pass(documentOf("1"));
  engine.make("3");
  assert.deepEqual(await pass(documentOf("1", false)), ["stop c2", "look", "stop c3"]);
  assert.equal(engine.there, undefined);
});

Deno.test("BotReconciler looks when there is a container where it knew of none", async () => {
  const { engine, bots, pass, conditionOf } = makeReconciler();
  engine.make("other");
  bots.containersSeen(ID, []);
  assert.deepEqual(await pass(documentOf("1")), ["start", "look", "prepare", "stop c1"]);
  assert.deepEqual(await pass(documentOf("1")), ["start"]);
  assert.equal(engine.there?.specHash, "1");
  assert.equal(conditionOf(), "running");
});

Deno.test("BotReconciler says that a bot waits for an engine that does not carry out what is asked", async () => {
  const { engine, pass, conditionOf } = makeReconciler();
  await pass(documentOf("1"));
  engine.problem = new EngineHangsError("it hangs");
  await assert.rejects(pass(documentOf("1", false)), EngineHangsError);
  assert.equal(conditionOf(), "waiting");
  assert.deepEqual(await pass(documentOf("1", false)), ["look", "stop c1"]);
  assert.equal(conditionOf(), "disabled");
});

Deno.test("BotReconciler counts no start that failed because the engine's disk is full", async () => {
  const { engine, pass, conditionOf } = makeReconciler();
  engine.problem = new EngineDiskFullError("no space left on device", 500);
  await pass(documentOf("1"));
  assert.equal(conditionOf(), "waiting");
});

Deno.test("BotReconciler counts no start while the lease of the last copy is held, and asks again once it has run out", async () => {
  const { engine, bots, pass, reconciler, clock } = makeReconciler();
  engine.problem = new LeaseHeldError("bot/bot-1", 17_500);
  await pass(documentOf("1"));
  const { condition } = bots.get(ID)!.status!;
  assert.equal(
    describeCondition(condition),
    "waiting for the lease of its last copy, which may still run (next try at 1970-01-01T00:00:17.500Z)",
  );
  bots.documentWritten(ID, documentOf("1"));
  clock.freeze(17_499);
  assert.deepEqual(await reconciler.reconcile(ID, signal), { againInMs: 1 });
  clock.freeze(1);
  await pass(documentOf("1"));
  assert.equal(engine.there?.attempt, 1);
});

Deno.test("BotReconciler takes the accounts of a bot for each start, and releases them once its container is gone", async () => {
  const asked: string[] = [];
  let held: Error | undefined;
  const look = (what: string, names: readonly string[]) => {
    asked.push(`${what} ${names}`);
    return held ? Promise.reject(held) : Promise.resolve({});
  };
  const accounts: Accounts = {
    take: (_holder, names) => look("take", names),
    check: (_holder, names) => look("check", names).then(() => {}),
    keepOnly: (_holder, names) => void asked.push(`keep ${names}`),
    release: ({ id, lease }) => void asked.push(`release ${id} unless ${lease} is held`),
  };
  const { engine, bots, pass, conditionOf } = makeReconciler(undefined, accounts);
  const withAccount = (version: string, enabled = true) => {
    const config = { berth: { accounts: ["x:main"] } };
    return { ...documentOf(version, enabled), config };
  };
  const asks = () => asked.splice(0);
  const released = "release bot-1 unless bot/bot-1 is held";
  await pass(withAccount("1"));
  assert.deepEqual(asks(), ["take x:main", "keep x:main"]);
  await pass(withAccount("2"));
  assert.deepEqual(asks(), ["check x:main", "check x:main"], "it keeps them while it is replaced");
  await pass(withAccount("2"));
  assert.deepEqual(asks(), ["take x:main", "keep x:main"]);
  held = new AccountHeldError("x:main", { kind: "bot", id: "other" }, new Date(0));
  await pass(withAccount("3"));
  assert.equal(
    engine.there?.specHash,
    "2",
    "it runs on while somebody else holds what the new version needs",
  );
  assert.match(
    describeCondition(bots.get(ID)!.status!.condition),
    /^waiting for account x:main: held by bot other since 1970-.*\. The previous version keeps running\. \(next try/,
  );
  assert.deepEqual(asks(), ["check x:main"]);
  await pass(withAccount("3", false));
  assert.deepEqual(asks(), [released]);
  await pass(withAccount("3"));
  assert.equal(conditionOf(), "waiting");
  assert.equal(engine.there, undefined);
  assert.deepEqual(asks(), ["take x:main", released]);
  held = undefined;
  bots.clear(ID, "failedStart");
  engine.problem = new EngineHangsError("it hangs");
  await pass(withAccount("3"));
  assert.deepEqual(asks(), ["take x:main"], "its container may be there");
});

Deno.test("BotReconciler stops nothing whose accounts somebody has taken while its next version was prepared", async () => {
  let held: Error | undefined;
  const accounts: Accounts = {
    take: () => Promise.resolve({}),
    check: () => held ? Promise.reject(held) : Promise.resolve(),
    keepOnly() {},
    release() {},
  };
  const { engine, pass, conditionOf } = makeReconciler(undefined, accounts);
  await pass(documentOf("1"));
  engine.onPrepare = () => held = new AccountHeldError("x:main", { kind: "bot", id: "other" }, new Date(0));
  const next = { ...documentOf("2"), config: { berth: { accounts: ["x:main"] } } };
  assert.deepEqual(await pass(next), ["prepare"]);
  assert.equal(engine.there?.specHash, "1");
  assert.equal(conditionOf(), "waiting");
});

for (const spansHosts of [false, true]) {
  const does = spansHosts ? "stops nothing on a cluster" : "still stops a bot of its own host";
  Deno.test(`BotReconciler ${does} while another process may serve the bots`, async () => {
    let why: string | undefined;
    const { engine, pass } = makeReconciler(undefined, undefined, { spansHosts, whyIdle: () => why });
    await pass(documentOf("1"));
    why = "the database to confirm that no other service has taken over";
    const stopping = pass(documentOf("1", false));
    if (spansHosts) await assert.rejects(stopping, NotServingError);
    else await stopping;
    assert.equal(engine.there !== undefined, spansHosts);
    why = undefined;
    await pass(documentOf("1", false));
    assert.equal(engine.there, undefined);
  });
}

Deno.test("BotReconciler knows nothing after a pass that failed, or of a bot that is gone", async () => {
  const { engine, pass } = makeReconciler();
  await pass(documentOf("1"));
  engine.problem = new Error("the engine is down");
  await assert.rejects(pass(documentOf("1", false)), /the engine is down/);
  assert.deepEqual(await pass(documentOf("1", false)), ["look", "stop c1"]);
  await pass(documentOf("1"));
  assert.deepEqual(await pass(undefined), ["stop c2"]);
  assert.deepEqual(await pass(undefined), ["look"]);
});

Deno.test("BotReconciler stops nothing before what replaces it is prepared, and tries that again", async () => {
  const { engine, pass, state, clock } = makeReconciler();
  await pass(documentOf("1"));
  engine.unprepared = new InvalidArchiveError("corrupt", "The archive is corrupt.");
  assert.deepEqual(await pass(documentOf("2")), ["prepare"]);
  const told = state.getRunningBot(ID)!;
  assert.equal(told.containerId, "c1");
  assert.match(
    JSON.stringify(told.condition),
    /failed.*The archive is corrupt\. The previous version keeps running\./,
  );
  assert.deepEqual(await pass(documentOf("2")), ["look"], "not before its time");
  await clock.advance(10_000);
  assert.deepEqual(await pass(documentOf("2")), ["prepare"]);
  assert.deepEqual(await pass(documentOf("1")), ["look"], "what runs is what is wanted again");
  engine.unprepared = undefined;
  await clock.advance(60_000);
  assert.deepEqual(await pass(documentOf("2")), ["prepare", "stop c1"]);
  assert.deepEqual(await pass(documentOf("2")), ["start"]);
  assert.equal(engine.there?.specHash, "2");
});

Deno.test("BotReconciler replaces a bot whose code was removed", async () => {
  const { engine, bots, pass } = makeReconciler();
  await pass(documentOf("1"));
  engine.there = { ...engine.there!, isCodeLost: true };
  bots.containersSeen(ID, [engine.there]);
  assert.deepEqual(await pass(documentOf("1")), ["prepare", "stop c1"]);
  assert.deepEqual(await pass(documentOf("1")), ["start"]);
});

Deno.test("BotReconciler.observe() forgets a bot that a full read does not show, unless it has changed since", async () => {
  const { bots, reconciler, pass, conditionOf } = makeReconciler();
  bots.beginRead();
  await pass(documentOf("1"));
  // The read began before the bot was started.
  reconciler.observe(ID, { desired: undefined }, []);
  assert.equal(conditionOf(), "running");
  bots.beginRead();
  reconciler.observe(ID, { desired: undefined }, []);
  assert.equal(conditionOf(), undefined);
  assert.equal(bots.get(ID), undefined);
});

Deno.test("BotReconciler starts a bot at once that was disabled after a failed start", async () => {
  const { engine, pass } = makeReconciler();
  engine.problem = new EngineDiskFullError("no space left on device", 500);
  await pass(documentOf("1"));
  assert.deepEqual(await pass(documentOf("1")), ["look"], "it waits");
  await pass(documentOf("1", false));
  assert.deepEqual(await pass(documentOf("1")), ["start"]);
});

Deno.test("BotReconciler says that a container waits for its log to be stored, until it is gone", async () => {
  const { engine, pass, conditionOf } = makeReconciler();
  await pass(documentOf("1"));
  engine.problem = new LogsNotSavedError("c1", { cause: new Error("the bucket is full") });
  await assert.rejects(pass(documentOf("1", false)), LogsNotSavedError);
  assert.equal(conditionOf(), "waiting");
  engine.there = undefined;
  await pass(documentOf("1", false));
  assert.equal(conditionOf(), "disabled");
});

Deno.test("BotReconciler carries a restart out once", async () => {
  const { engine, bots, pass, conditionOf } = makeReconciler();
  await pass(documentOf("1"));
  bots.update(ID, { restart: { containerId: "c1" } });
  assert.deepEqual(await pass(documentOf("1")), ["prepare", "stop c1"]);
  assert.deepEqual(await pass(documentOf("1")), ["start"]);
  assert.equal(bots.get(ID)?.restart, undefined);
  assert.deepEqual(await pass(documentOf("1")), ["look"]);
  assert.equal(conditionOf(), "running");
  assert.equal(engine.there?.containerId, "c2");
});

Deno.test("BotReconciler forgets a restart whose container is replaced or not wanted any more", async () => {
  const { engine, bots, pass } = makeReconciler();
  await pass(documentOf("1"));
  bots.update(ID, { restart: { containerId: "c0" } });
  assert.deepEqual(await pass(documentOf("1")), ["look"]);
  assert.equal(bots.get(ID)?.restart, undefined);
  bots.update(ID, { restart: { containerId: "c1" } });
  assert.deepEqual(await pass(documentOf("1", false)), ["stop c1"]);
  assert.deepEqual(await pass(documentOf("1")), ["start"]);
  assert.deepEqual(await pass(documentOf("1")), ["look"]);
  assert.equal(engine.there?.containerId, "c2");
});

Deno.test("BotReconciler keeps a container whose restart cannot be prepared, and tries again", async () => {
  const { engine, bots, pass, conditionOf, clock } = makeReconciler();
  await pass(documentOf("1"));
  bots.update(ID, { restart: { containerId: "c1" } });
  engine.unprepared = new InvalidArchiveError("corrupt", "The archive is corrupt.");
  assert.deepEqual(await pass(documentOf("1")), ["prepare"]);
  assert.equal(conditionOf(), "failed");
  assert.equal(engine.there?.containerId, "c1");
  engine.unprepared = undefined;
  await clock.advance(1000);
  await pass(documentOf("1"));
  await pass(documentOf("1"));
  assert.equal(engine.there?.containerId, "c2");
});

Deno.test("BotReconciler reports an exit once, and a stop with its reason", async () => {
  const { engine, pass, state } = makeReconciler();
  const seen: string[] = [];
  state.subscribeActivity((activity) => {
    const { type } = activity;
    const detail = type === "exited" || type === "stopped" ? ` ${activity.exit.exitCode}` : "";
    seen.push(`${type}${type === "stopped" ? ` ${activity.why}` : ""}${detail}`);
  });
  await pass(documentOf("1"));
  engine.there = {
    ...engine.there!,
    phase: "exited",
    exitCode: 3,
    startedAt: new Date(0),
    finishedAt: new Date(0),
  };
  await pass(documentOf("1"));
  await pass(documentOf("1"));
  assert.deepEqual(seen, ["started", "exited 3"]);
  engine.there = undefined;
  await pass(documentOf("1"));
  await pass(documentOf("1", false));
  assert.deepEqual(seen.slice(2), ["started", "stopped disabled 0"]);
});

Deno.test("BotReconciler need not look again at a bot that has ended for good, as a list shows that it stays so", async () => {
  const { engine, pass, conditionOf, reconciler } = makeReconciler();
  const document = { ...documentOf("1"), config: { berth: { restart: "on-failure" } } };
  const { desired } = reconciler.read(ID, document);
  await pass(document);
  const listed = { ...engine.there!, phase: "exited", exitCode: 0 } as const;
  engine.there = { ...listed, startedAt: new Date(1000), finishedAt: new Date(2000) };
  assert.equal(reconciler.hasEnded(ID, desired, [listed]), false, "its status does not say so yet");
  await pass(document);
  assert.equal(conditionOf(), "completed");
  assert.equal(reconciler.hasEnded(ID, desired, [listed]), true);
  const { desired: always } = reconciler.read(ID, documentOf("1"));
  for (
    const [wanted, containers] of [
      [always, [listed]],
      [{ kind: "disabled" }, [listed]],
      [reconciler.read(ID, { ...document, custom: documentOf("2").custom }).desired, [listed]],
      [desired, [{ ...listed, containerId: "another" }]],
      [desired, [listed, { ...listed, containerId: "another", specHash: "0" }]],
      [desired, [{ ...listed, phase: "running" }]],
      [desired, []],
    ] as const
  ) {
    assert.equal(reconciler.hasEnded(ID, wanted, containers), false);
  }
});

Deno.test("BotReconciler stops a bot that a gate refuses, tells it why, and starts it once the gate opens", async () => {
  const refusal: RunRefusal = {
    condition: { type: "latched", reason: "guard 'equity' tripped" },
    stop: { why: "guard tripped", cause: "as 812 is below 900", onStopReason: "guard:equity" },
  };
  let answer: GateAnswer = {};
  const { engine, pass, conditionOf, state } = makeReconciler({ ask: () => answer });
  const ends: unknown[] = [];
  state.subscribeActivity((one) => one.type === "stopped" && ends.push([one.why, one.cause]));
  await pass(documentOf("1"));
  answer = { refusal };
  assert.deepEqual(await pass(documentOf("1")), ["stop c1"]);
  assert.deepEqual([engine.told, ends], ["guard:equity", [["guard tripped", "as 812 is below 900"]]]);
  assert.deepEqual(await pass(documentOf("2")), ["look"]);
  assert.equal(conditionOf(), "latched");
  answer = {};
  assert.deepEqual(await pass(documentOf("2")), ["start"]);
  assert.equal(conditionOf(), "running");
});

Deno.test("BotReconciler stops what a gate has stopped also while the database does not answer, and nothing else", async () => {
  const stop = { why: "guard tripped", onStopReason: "guard:equity" } as const;
  const condition = { type: "latched", reason: "guard 'equity' tripped" } as const;
  const invalid = { ...documentOf("1"), custom: {} };
  const documents = { valid: documentOf("1"), invalid, unknown: undefined };
  for (const [what, document] of Object.entries(documents)) {
    let answer: GateAnswer = {};
    const { engine, pass, passInOutage, conditionOf } = makeReconciler({ ask: () => answer });
    if (document) await pass(documentOf("1"));
    else engine.make("1");
    if (document === invalid) await pass(invalid);
    await assert.rejects(passInOutage(), StoreUnavailableError, what);
    answer = { refusal: { condition } };
    await assert.rejects(passInOutage(), StoreUnavailableError, `${what}: it keeps running`);
    answer = { refusal: { condition, stop } };
    assert.deepEqual(await passInOutage(), ["look", "stop c1"], what);
    assert.deepEqual(
      [engine.there, engine.told, conditionOf()],
      [undefined, "guard:equity", "latched"],
      what,
    );
    answer = {};
    await assert.rejects(passInOutage(), StoreUnavailableError, `${what}: nothing is started`);
  }
});

Deno.test("BotReconciler waits for a slow database while a bot is replaced, and has no container", async () => {
  const { engine, database, pass, passInOutage } = makeReconciler();
  await pass(documentOf("1"));
  assert.deepEqual(await pass(documentOf("2")), ["prepare", "stop c1"]);
  await assert.rejects(passInOutage(), StoreUnavailableError);
  database.late = documentOf("2");
  assert.deepEqual(await passInOutage(), ["look", "start"]);
  assert.equal(engine.there?.specHash, "2");
  database.late = documentOf("3");
  await assert.rejects(passInOutage(), StoreUnavailableError, "nothing that runs is replaced");
  assert.equal(engine.there?.specHash, "2");
});

Deno.test("BotReconciler asks a gate by the last settings while the document of a bot that runs is broken or unknown", async () => {
  const condition = { type: "outside-session", reason: "XNYS has no session now" } as const;
  const refusal: RunRefusal = { condition, stop: { why: "session over" } };
  const valid = { ...documentOf("1"), config: { berth: { stop_grace_seconds: 7 } } };
  const broken = { ...valid, custom: {} };
  let isOver = false;
  const one = makeReconciler({
    ask: ({ settings }) => settings?.stopGraceSeconds === 7 ? isOver ? { refusal } : { againInMs: 9 } : {},
  });
  const { engine, pass, passInOutage, conditionOf, reconciler } = one;
  for (const makePass of [() => pass(broken), passInOutage]) {
    isOver = false;
    await pass(valid);
    await pass(broken);
    assert.equal(conditionOf(), "invalid");
    assert.equal(reconciler.read(ID, broken).againInMs, 9, "the end of the session is not forgotten");
    isOver = true;
    await makePass();
    assert.deepEqual([engine.there, engine.told], [undefined, "session over"]);
    await pass(broken);
    assert.equal(conditionOf(), "invalid", "without a container, the document is what is wrong");
    await pass(valid);
    assert.equal(conditionOf(), "outside-session");
  }
});

Deno.test("BotReconciler starts a bot that it has not served before once the gate has met it", async () => {
  let isAway = true;
  const met: string[] = [];
  const meet = (id: string) =>
    isAway ? Promise.reject(new StoreUnavailableError("away")) : Promise.resolve(void met.push(id));
  const { pass } = makeReconciler({ ask: () => ({}), meet });
  await assert.rejects(pass(documentOf("1")), StoreUnavailableError);
  isAway = false;
  assert.ok((await pass(documentOf("1"))).includes("start"));
  await pass(documentOf("2"));
  assert.deepEqual(met, [ID]);
});

Deno.test("BotReconciler calls a start off that a gate refuses at its last moment", async () => {
  const refusal: RunRefusal = { condition: { type: "latched", reason: "guard 'equity' tripped" } };
  let asked = 0;
  const { engine, pass, bots } = makeReconciler({ ask: () => ++asked === 2 ? { refusal } : {} });
  assert.deepEqual(await pass(documentOf("1")), ["look", "start"]);
  assert.deepEqual([engine.there, bots.get(ID)?.failedStart], [undefined, undefined]);
});

Deno.test("BotReconciler stops a bot that the watchdog wants restarted, and starts it as after a crash", async () => {
  const { engine, pass, conditionOf, bots, clock, state } = makeReconciler();
  const trouble = { type: "silent", message: "silent for 9 s; last line: x", isToRestart: true } as const;
  const ends: unknown[] = [];
  state.subscribeActivity((one) => one.type === "stopped" && ends.push(describeBotEnd(one)));
  await pass(documentOf("1"));
  const report = (containerId: string, isToRestart: boolean) =>
    bots.update(ID, { health: { containerId, isReady: true, trouble: { ...trouble, isToRestart } } });
  // A report of an earlier container, and without the wish to restart it.
  report("c0", true);
  assert.deepEqual(await pass(documentOf("1")), ["look"]);
  assert.equal(conditionOf(), "running");
  report("c1", false);
  assert.deepEqual(await pass(documentOf("1")), ["look"]);
  assert.equal(conditionOf(), "silent");
  report("c1", true);
  await pass(documentOf("1"));
  assert.deepEqual([engine.there, engine.told], [undefined, "silent"]);
  assert.deepEqual(ends, ["stopped: silent for 9 s; last line: x (exit code 0)"]);
  assert.deepEqual(await pass(documentOf("1")), ["look"]);
  const { condition } = state.getRunningBot(ID)!;
  assert.match(
    describeCondition(condition),
    /^backing off until \S+ \(silent for 9 s; last line: x; it was stopped \(exit code 0\), next is start 2 in a row\)$/,
  );
  await clock.advance(1000);
  assert.deepEqual(await pass(documentOf("1")), ["start"]);
  assert.deepEqual([bots.get(ID)?.status?.condition.type, bots.get(ID)?.failedStart], ["running", undefined]);
});
