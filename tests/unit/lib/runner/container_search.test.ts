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
  const first = find("x");
  await until("the first search", () => open.length === 1);
  assert.equal(open[0]!.labels[LABEL.id], "x");
  containers.push(container("b"), container("b", "run"));
  const waiting = ["a", "b", "c", "d"].map((id) => find(id));
  containers.push(container("c"));
  open[0]!.answer();
  assert.deepEqual(await first, []);
  await until("the list of those that waited", () => open.length === 2);
  assert.deepEqual(open[1]!.labels, { [LABEL.kind]: "bot" });
  open[1]!.answer();
  const found = await Promise.all(waiting);
  assert.deepEqual(found.map((all) => all.map(({ id }) => id)), [
    ["container-a"],
    ["container-b"],
    ["container-c"],
    [],
  ]);
  assert.equal(found[1]![0]!.labels[LABEL.kind], "bot");
});

Deno.test("ContainerSearch asks for each bot alone where a list of all would cost more", async () => {
  const { search, find, open } = fakeEngine([]);
  search.seen(1000);
  const all = Array.from({ length: 20 }, (_, index) => find(String(index)));
  await until("a search for each", () => open.length === 20);
  for (const { answer } of open) answer();
  await Promise.all(all);
  const mixed = ["a", "b", "c", "d"].flatMap((id) => [find(id), find(id, "run")]);
  await until("a search for each", () => open.length === 28);
  for (const { answer } of open) answer();
  await Promise.all(mixed);
});

Deno.test("ContainerSearch gives each search its error, goes on after it, and lets a search be cancelled", async () => {
  const { find, open } = fakeEngine([container("a")]);
  const aborting = new AbortController();
  const hanging = find("x", "bot", aborting.signal);
  const failing = ["a", "b", "c", "d"].map((id) => find(id));
  aborting.abort(new Error("cancelled"));
  await assert.rejects(hanging, /cancelled/);
  await until("the list", () => open.length === 1);
  open[0]!.answer(new Error("no engine"));
  for (const each of await Promise.allSettled(failing)) assert.equal(each.status, "rejected");
  const stuck = find("b");
  await until("a search that hangs", () => open.length === 2);
  const last = find("a");
  await until("a search beside it", () => open.length === 3);
  open[2]!.answer();
  assert.equal((await last).length, 1);
  open[1]!.answer();
  await stuck;
});
