import assert from "node:assert/strict";
import type { ContainerInfo } from "../../../../lib/engine/container_orchestrator.ts";
import { LABEL } from "../../../../lib/engine/labels.ts";
import { ContainerSearch } from "../../../../lib/runner/container_search.ts";
import { until } from "../../../support/until.ts";

const container = (id: string, kind = "bot"): ContainerInfo => ({
  id: `container-${id}`,
  name: id,
  image: "image",
  labels: { [LABEL.id]: id, [LABEL.kind]: kind },
  phase: "running",
  createdAt: new Date(0),
});

/** An engine whose lists answer when they are let go, with what it has at that moment. */
function fakeEngine(containers: ContainerInfo[]) {
  const open: { labels: Record<string, string>; answer: (error?: Error) => void }[] = [];
  const search = new ContainerSearch((labels) => {
    const { promise, resolve, reject } = Promise.withResolvers<ContainerInfo[]>();
    // A list shows what was there when it began.
    const found = containers.filter((one) =>
      Object.entries(labels).every(([name, value]) => one.labels[name] === value)
    );
    open.push({ labels, answer: (error) => error ? reject(error) : resolve(found) });
    return promise;
  });
  const find = (id: string, kind = "bot", signal?: AbortSignal) => search.find({ id, kind }, signal);
  return { search, find, open };
}

Deno.test("ContainerSearch answers searches that wait from one list, which begins after them", async () => {
  const containers = [container("a")];
  const { find, open } = fakeEngine(containers);
  const first = ["x", "y", "z"].map((id) => find(id));
  assert.deepEqual(open.map(({ labels }) => labels[LABEL.id]), ["x", "y", "z"]);
  containers.push(container("b"), container("b", "run"));
  const waiting = [find("a"), find("b"), find("b", "run"), find("c")];
  containers.push(container("c"));
  assert.equal(open.length, 3);
  open[0]!.answer();
  await until("the lists of those that waited", () => open.length === 5);
  assert.deepEqual(open.slice(3).map(({ labels }) => labels), [{ [LABEL.kind]: "bot" }, {
    [LABEL.kind]: "run",
  }]);
  for (const { answer } of open) answer();
  assert.deepEqual((await Promise.all(first)).flat(), []);
  const found = await Promise.all(waiting);
  assert.deepEqual(found.map((all) => all.map(({ id }) => id)), [
    ["container-a"],
    ["container-b"],
    ["container-b"],
    ["container-c"],
  ]);
  assert.equal(found[2]![0]!.labels[LABEL.kind], "run");
});

Deno.test("ContainerSearch asks for each bot alone where a list of all would cost more", async () => {
  const { search, find, open } = fakeEngine([]);
  search.seen(1000);
  const all = Array.from({ length: 20 }, (_, index) => find(String(index)));
  open[0]!.answer();
  await until("a search for each", () => open.length === 20);
  for (const { answer } of open) answer();
  await Promise.all(all);
});

Deno.test("ContainerSearch gives each search its error, goes on after it, and lets a search be cancelled", async () => {
  const { find, open } = fakeEngine([container("a")]);
  const aborting = new AbortController();
  const hanging = [find("x"), find("y", "bot", aborting.signal)];
  const failing = find("z");
  const waiting = ["a", "b", "c", "d"].map((id) => find(id));
  aborting.abort(new Error("cancelled"));
  await assert.rejects(hanging[1]!, /cancelled/);
  open[2]!.answer(new Error("no engine"));
  await assert.rejects(failing, /no engine/);
  await until("the next list", () => open.length === 4);
  open[3]!.answer(new Error("no engine again"));
  for (const each of await Promise.allSettled(waiting)) assert.equal(each.status, "rejected");
  const last = find("a");
  open.at(-1)!.answer();
  assert.equal((await last).length, 1);
  // A call that hangs holds up none of the others.
  open[0]!.answer();
  await hanging[0];
});
