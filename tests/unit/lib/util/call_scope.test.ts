import assert from "node:assert/strict";
import { CallScope, limitSilence } from "../../../../lib/util/call_scope.ts";
import { TimeLimitError } from "../../../../lib/errors.ts";
import { pause } from "../../../support/until.ts";

function untilAborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));
}

Deno.test("CallScope is aborted with a TimeLimitError at its limit", async () => {
  using scope = new CallScope({ what: "The test", limitMs: 5 });
  const reason = await untilAborted(scope.signal);
  assert.ok(reason instanceof TimeLimitError);
  assert.match(reason.message, /^The test took longer than 5 ms/);
});

Deno.test("CallScope is aborted with the reason of the signal that comes first", () => {
  const [first, second] = [new AbortController(), new AbortController()];
  using scope = new CallScope({ what: "", signals: [first.signal, undefined, second.signal] });
  assert.equal(scope.reasonFor("caught"), "caught");
  second.abort("second");
  first.abort("first");
  assert.equal(scope.signal.reason, "second");
  assert.equal(scope.reasonFor("caught"), "second");
});

Deno.test("CallScope is aborted from the beginning by a signal that was given before", () => {
  using scope = new CallScope({ what: "", limitMs: 60_000, signals: [AbortSignal.abort("before")] });
  assert.equal(scope.signal.reason, "before");
});

Deno.test("CallScope ends with its disposal, and leaves its signals alone then", () => {
  const controller = new AbortController();
  const scope = new CallScope({ what: "", limitMs: 60_000, signals: [controller.signal] });
  scope[Symbol.dispose]();
  assert.equal(scope.signal.aborted, true);
  controller.abort("later");
  assert.notEqual(scope.signal.reason, "later");
});

Deno.test("CallScopes that follow the same signal are aborted by it, all but those that have ended", () => {
  const controller = new AbortController();
  const signals = [controller.signal];
  const scopes = Array.from({ length: 5 }, () => new CallScope({ what: "", signals }));
  for (const scope of scopes) scope.complete();
  scopes[0]![Symbol.dispose]();
  controller.abort("now");
  assert.deepEqual(scopes.map(({ signal }) => signal.reason), [undefined, "now", "now", "now", "now"]);
  for (const scope of scopes) scope[Symbol.dispose]();
  using late = new CallScope({ what: "", signals });
  assert.equal(late.signal.reason, "now");
});

Deno.test("CallScope follows a signal again that others have followed before it", () => {
  const controller = new AbortController();
  const signals = [controller.signal];
  new CallScope({ what: "", signals })[Symbol.dispose]();
  using scope = new CallScope({ what: "", signals });
  controller.abort("now");
  assert.equal(scope.signal.reason, "now");
});

Deno.test("CallScope that is complete ends without an abort, and leaves no timer and no listener", async () => {
  const controller = new AbortController();
  const scope = new CallScope({ what: "", limitMs: 20, signals: [controller.signal] });
  scope.complete();
  scope[Symbol.dispose]();
  controller.abort();
  await pause(40, "beyond the limit: nothing may be aborted");
  assert.equal(scope.signal.aborted, false);
});

Deno.test("CallScope.restartLimit() lets the limit begin anew, endLimit() ends it", async () => {
  using scope = new CallScope({ what: "", limitMs: 1000 });
  for (let i = 0; i < 5; i++) {
    await pause(250, "within the limit");
    scope.restartLimit();
  }
  assert.equal(scope.signal.aborted, false);
  scope.endLimit();
  await pause(1100, "beyond the limit: nothing may be aborted");
  assert.equal(scope.signal.aborted, false);
});

Deno.test("limitSilence() counts the time of the source and not of the reader", async () => {
  using scope = new CallScope({ what: "", limitMs: 40 });
  async function* source(): AsyncGenerator<number> {
    yield 1;
    yield 2;
    await untilAborted(scope.signal);
    throw scope.signal.reason;
  }
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const each of limitSilence(source(), scope)) {
      seen.push(each);
      await pause(60, "the reader takes longer than the limit");
    }
  }, TimeLimitError);
  assert.deepEqual(seen, [1, 2]);
});
