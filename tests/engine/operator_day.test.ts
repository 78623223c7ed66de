import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { openMinioProxy } from "../support/servers/minio_fixture.ts";
import { mongoUri } from "../support/servers/mongo_fixture.ts";
import { openNatsServer } from "../support/servers/nats_server.ts";
import { workADay } from "../support/operator_day.ts";

Deno.test("an operator works a day on the embedded default", async () => {
  await using service = await ServiceFixture.open({ engine: true, env: { BOT_MEMORY_LIMIT_MB: "64" } });
  await workADay(service);
});

Deno.test("an operator works a day on MongoDB, MinIO and NATS", async () => {
  await using stack = new AsyncDisposableStack();
  const minio = await openMinioProxy(stack, `day-${crypto.randomUUID().slice(0, 8)}`);
  const nats = stack.use(await openNatsServer());
  await nats.start();
  const service = stack.use(
    await ServiceFixture.open({
      engine: true,
      env: {
        ...minio.env,
        MONGO_URI: mongoUri(),
        NATS_URL: nats.url,
        SEGMENT_ID: String(Math.floor(Math.random() * 999_999_999)),
        BOT_MEMORY_LIMIT_MB: "64",
      },
    }),
  );
  await workADay(service);
});
