import assert from "node:assert/strict";
import { ApiFixture } from "../../support/fixtures/api_fixture.ts";
import { samplesOf } from "../../support/metrics_page.ts";

Deno.test("/metrics needs a token that may read, by TCP", async () => {
  await using fixture = await ApiFixture.open();
  const { value: token } = await fixture.makeToken("read");
  const refused = await fixture.send("/metrics");
  assert.equal(refused.status, 401);
  await refused.body?.cancel();
  const answer = await fixture.send("/metrics", { token });
  assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const samples = samplesOf(await answer.text());
  assert.equal(samples.get(`berth_queue_depth{service="bots"}`), 0);
  assert.equal(samples.get(`berth_reconcile_errors_total{service="schedules"}`), 0);
});

Deno.test("/metrics speaks OpenMetrics to those who prefer it", async () => {
  await using fixture = await ApiFixture.open();
  const typeFor = async (accept: string) => {
    const answer = await fixture.local("/metrics", { headers: { accept } });
    await answer.body?.cancel();
    return answer.headers.get("content-type")!.split(";")[0];
  };
  const prometheus =
    "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
  assert.equal(await typeFor(prometheus), "application/openmetrics-text");
  assert.equal(
    await typeFor("text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.1"),
    "text/plain",
  );
  assert.equal(await typeFor("application/openmetrics-text;q=0"), "text/plain");
  assert.equal(await typeFor("text/html"), "text/plain");
});

Deno.test("/readyz says without a token which part does not answer, and no address", async () => {
  await using fixture = await ApiFixture.open();
  const answer = await fixture.send("/readyz");
  assert.equal(answer.status, 503);
  const text = await answer.text();
  assert.deepEqual(JSON.parse(text), {
    ready: false,
    parts: [
      { name: "documents", ready: true },
      { name: "objects", ready: true },
      {
        name: "engine",
        ready: false,
        reason: "the container engine cannot be used (engine/unavailable)",
      },
    ],
  });
  assert.ok(!text.includes(fixture.temp));
});
