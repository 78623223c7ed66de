import assert from "node:assert/strict";
import { parse as parseYaml } from "yaml";
import { parseServiceConfig } from "../../../services/config.ts";
import { ROOT } from "../../support/builders/doc_blocks.ts";

interface Stack {
  services: Record<string, { image: string; environment?: Record<string, string> }>;
}

const TEXT = await Deno.readTextFile(`${ROOT}stack.yaml`);
const { services }: Stack = parseYaml(TEXT, { merge: true });

Deno.test("stack.yaml has the servers that the tests use, and Berth", async () => {
  const setup = await Deno.readTextFile(`${ROOT}setup/test_servers.sh`);
  const images = new Set(Object.values(services).map(({ image }) => image));
  images.delete("${BERTH_IMAGE:?}");
  assert.equal(images.size, 3);
  for (const image of images) assert.ok(setup.includes(`_image=${image}\n`), image);
});

Deno.test("Berth takes the variables that stack.yaml gives it", () => {
  const given: Record<string, string> = {
    BERTH_URLS: "https://node-1:8420,https://node-2:8420",
    MINIO_ENDPOINT: "node-1:9000",
    MINIO_ACCESS_KEY: "berth",
    MINIO_SECRET_KEY: "secret-of-minio",
  };
  const env = Object.entries(services.berth!.environment!).map(([name, value]) => [
    name,
    value.replace(/^\$\{(\w+):\?\}$/, (_, variable: string) => given[variable]!)
      .replace("{{.Node.Hostname}}", "node-2"),
  ]);
  const { runner, http, peers } = parseServiceConfig({ HOME: "/root", ...Object.fromEntries(env) });
  assert.deepEqual(runner.cluster?.berthUrls, given.BERTH_URLS!.split(","));
  assert.equal(http?.hostname, "0.0.0.0");
  assert.equal(peers?.own, "https://node-2:8420", "each task is another one");
});
