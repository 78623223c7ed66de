import assert from "node:assert/strict";
import type { ContainerInfo } from "../../../../lib/engine/container_orchestrator.ts";
import { LogsNotSavedError } from "../../../../lib/errors.ts";
import { ExitedContainers, isSetAside } from "../../../../lib/runner/exited_containers.ts";
import { collectLogs } from "../../../support/collect_logs.ts";
import { until } from "../../../support/until.ts";
import { LABEL } from "../../../../lib/engine/labels.ts";
import type { CollectionStatus, LogCollector } from "../../../../lib/logs/log_collector.ts";

/** An engine and a collector whose store is down until {@linkcode Stage.isUp}, or answers late. */
class Stage {
  isUp = false;
  isSlow = false;
  readonly answers = Promise.withResolvers<void>();
  readonly names = new Map<string, string>();
  readonly removed: string[] = [];
  readonly exited: ExitedContainers;

  constructor() {
    const logs = {
      stop: ({ hasExited }: { hasExited?: boolean }) => {
        assert.equal(hasExited, true);
        if (this.isSlow) return this.answers.promise;
        return this.isUp ? Promise.resolve() : Promise.reject(new Error("the store is down"));
      },
      status: (): CollectionStatus => ({ isComplete: this.isUp }),
    };
    this.exited = new ExitedContainers({
      orchestrator: {
        rename: (id, name) => Promise.resolve(void this.names.set(id, name)),
        getStatus: (id) => Promise.resolve(this.removed.includes(id) ? undefined : this.container(id)),
      },
      remover: { remove: ({ id }) => Promise.resolve(void this.removed.push(id)) },
      logs: logs as unknown as LogCollector,
    });
  }

  container(id: string, bot = "one"): ContainerInfo {
    return {
      id,
      name: this.names.get(id) ?? `berth_main_bot_${bot}`,
      image: "image",
      labels: { [LABEL.id]: bot },
      phase: "exited",
      createdAt: new Date(0),
    } as ContainerInfo;
  }
}

const idOf = (number: number) => String(number).padStart(64, "0").split("").reverse().join("");

Deno.test("ExitedContainers sets a container aside until its lines are stored, and removes it then", async () => {
  const stage = new Stage();
  const { exited } = stage;
  const info = stage.container(idOf(1));
  assert.equal(isSetAside(info), false);
  await assert.rejects(exited.release(info), LogsNotSavedError);
  assert.equal(stage.names.size, 0, "it stays where nothing waits for its name");
  await exited.release(info, { makeRoom: true });
  const aside = stage.container(info.id);
  assert.equal(isSetAside(aside), true);
  assert.equal(isSetAside({ ...aside, phase: "running" }), false, "somebody has started it by hand");
  assert.match(exited.waiting("one")!, /^the last lines of 1 exited container wait to be stored/);
  await exited.review([aside]);
  assert.deepEqual(stage.removed, []);

  stage.isUp = true;
  // A list of other bots says nothing of this one.
  await exited.review([]);
  assert.notEqual(exited.waiting("one"), undefined);
  await exited.review([aside]);
  assert.deepEqual([stage.removed, exited.waiting("one")], [[info.id], undefined]);
  await exited.release(stage.container(idOf(2)), { makeRoom: true });
  assert.deepEqual(stage.removed, [info.id, idOf(2)], "what is stored need not wait");
});

Deno.test("ExitedContainers warns of a store that fails, not of one that is slow", async () => {
  using logs = collectLogs();
  const stage = new Stage();
  await stage.exited.release(stage.container(idOf(1)), { makeRoom: true });
  stage.isSlow = true;
  await stage.exited.release(stage.container(idOf(2)), { makeRoom: true });
  assert.deepEqual(logs.records.map(({ level }) => level), ["warning", "info"]);
  assert.equal(stage.names.size, 2, "both are set aside");
});

Deno.test("ExitedContainers removes a container that is set aside as soon as a slow store has its lines", async () => {
  const stage = new Stage();
  stage.isSlow = true;
  await stage.exited.release(stage.container(idOf(1)), { makeRoom: true });
  assert.deepEqual(stage.removed, []);
  stage.answers.resolve();
  await until("its removal", () => stage.removed.length > 0);
  assert.deepEqual([stage.removed, stage.exited.waiting("one")], [[idOf(1)], undefined]);
});

Deno.test("ExitedContainers leaves what is set aside to the next process once it is closed", async () => {
  const stage = new Stage();
  stage.isSlow = true;
  await stage.exited.release(stage.container(idOf(1)), { makeRoom: true });
  const closed = stage.exited[Symbol.asyncDispose]();
  stage.answers.resolve();
  await closed;
  assert.deepEqual(stage.removed, []);
});

Deno.test("ExitedContainers sets a bounded number aside, of a bot and of all", async () => {
  const stage = new Stage();
  const release = (number: number, bot: string) =>
    stage.exited.release(stage.container(idOf(number), bot), { makeRoom: true });
  for (let i = 0; i < 20; i++) await release(i, "one");
  await assert.rejects(release(20, "one"), LogsNotSavedError);
  for (let i = 100; i < 580; i++) await release(i, `bot-${i}`);
  await assert.rejects(release(600, "another"), LogsNotSavedError);
  // A process that begins anew counts those that are there.
  const next = new Stage();
  await next.exited.review(Array.from({ length: 20 }, (_, i) => ({
    ...stage.container(idOf(i)),
    name: `berth_main_bot_one_${idOf(i).slice(0, 12)}`,
  })));
  assert.match(next.exited.waiting("one")!, /20 exited containers/);
});

Deno.test("ExitedContainers gives up last lines that no engine reaches, where a container cannot be set aside", async () => {
  const done: string[] = [];
  let status: CollectionStatus = { isComplete: false, problem: "it is not reached", unreachableMs: 14_000 };
  const logs = {
    stop: () => Promise.reject(new Error("the node is not reached")),
    abandon: (_: unknown, text: string) => Promise.resolve(void done.push(text)),
    status: () => status,
  };
  const exited = new ExitedContainers({
    orchestrator: { getStatus: () => Promise.resolve(undefined) },
    remover: { remove: ({ id }) => Promise.resolve(void done.push(`remove ${id.slice(-1)}`)) },
    logs: logs as unknown as LogCollector,
  });
  const info = new Stage().container(idOf(1));
  await assert.rejects(exited.release(info, { makeRoom: true }), LogsNotSavedError, "it may be reached soon");
  status = { ...status, unreachableMs: 15_000 };
  await assert.rejects(exited.release(info), LogsNotSavedError, "nothing waits for its name");
  status = { isComplete: false, problem: "the store is down" };
  await assert.rejects(
    exited.release(info, { makeRoom: true }),
    LogsNotSavedError,
    "the engine has the lines",
  );
  assert.deepEqual(done, []);
  status = { isComplete: false, problem: "it is not reached", unreachableMs: 15_000 };
  await exited.release(info, { makeRoom: true });
  assert.match(done[0]!, /^berth: its node keeps a log that cannot be reached: .* is lost$/);
  assert.deepEqual(done.slice(1), [`remove ${info.id.slice(-1)}`]);
});
