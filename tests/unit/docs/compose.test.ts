import assert from "node:assert/strict";
import { parse as parseYaml } from "yaml";
import { ROOT } from "../../support/builders/doc_blocks.ts";

interface Compose {
  services: Record<string, { image: string; ports: string[]; environment?: Record<string, string> }>;
}

const TEXT = await Deno.readTextFile(`${ROOT}compose.yaml`);
const { services }: Compose = parseYaml(TEXT);

Deno.test("compose.yaml has the servers of the tests, with the images that the set-up uses, on loopback", async () => {
  const setup = await Deno.readTextFile(`${ROOT}setup/test_servers.sh`);
  for (const [name, { image, ports }] of Object.entries(services)) {
    assert.match(setup, new RegExp(`^${name}_image=${image.replaceAll(".", "\\.")}$`, "m"));
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:(\d+):\1$/, name);
  }
  assert.deepEqual(Object.keys(services).sort(), ["minio", "mongo", "nats"]);
});

Deno.test("the variables in compose.yaml's comment lead to its servers", () => {
  const variables = Object.fromEntries(
    [...TEXT.matchAll(/\b([A-Z_]+)=(\S+)/g)].map(([, name, value]) => [name, value]),
  );
  const address = (name: string) => services[name]!.ports[0]!.replace(/:\d+$/, "");
  const { MINIO_ROOT_USER, MINIO_ROOT_PASSWORD } = services.minio!.environment!;
  assert.deepEqual(variables, {
    MONGO_URI: `mongodb://${address("mongo")}`,
    NATS_URL: `nats://${address("nats")}`,
    MINIO_ENDPOINT: address("minio"),
    MINIO_ACCESS_KEY: MINIO_ROOT_USER,
    MINIO_SECRET_KEY: MINIO_ROOT_PASSWORD,
  });
});
