import assert from "node:assert/strict";
import { toCreateOptions } from "../../../../../lib/engine/docker/dockerode_create_options.ts";
import { toRefusal } from "../../../../../lib/engine/docker/dockerode_errors.ts";
import { DockerodeLayerQuota } from "../../../../../lib/engine/docker/dockerode_layer_quota.ts";
import { ContainerBuilder } from "../../../../../lib/executable/container_builder.ts";
import { EngineError } from "../../../../../lib/errors.ts";

const REFUSAL = toRefusal(
  "create container 'x'",
  500,
  "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
);

Deno.test("DockerodeLayerQuota asks once for a bound that the engine refuses, and creates without it", async () => {
  const quota = new DockerodeLayerQuota();
  const asked: (number | undefined)[] = [];
  const create = (bytes?: number) => {
    asked.push(bytes);
    return bytes === undefined ? Promise.resolve("made") : Promise.reject(REFUSAL);
  };
  assert.equal(await quota.create(5, create), "made");
  assert.equal(await quota.create(5, create), "made");
  assert.deepEqual(asked, [5, undefined, undefined]);
});

Deno.test("DockerodeLayerQuota keeps a bound that the engine accepts, and takes no other failure for a refusal", async () => {
  const quota = new DockerodeLayerQuota();
  for (const words of ["no such image: x", "write /var/lib/docker/x: disk quota exceeded"]) {
    await assert.rejects(quota.create(5, () => Promise.reject(toRefusal("create", 500, words))), EngineError);
  }
  assert.equal(await quota.create(5, (bytes) => Promise.resolve(bytes)), 5);
  assert.equal(await quota.create(undefined, (bytes) => Promise.resolve(bytes)), undefined);
});

Deno.test("DockerodeLayerQuota asks for no bound where the storage has none", async () => {
  const boundOn = async (storage: string) => {
    const quota = new DockerodeLayerQuota();
    quota.learn(storage);
    return await quota.create(5, (bytes) => Promise.resolve(bytes));
  };
  assert.equal(await boundOn("overlay2 on extfs"), undefined);
  assert.equal(await boundOn("overlay2 on xfs"), 5);
  assert.equal(await boundOn("zfs"), 5);
  // Its quota counts the image, too: a container with less than that does not start.
  assert.equal(await boundOn("btrfs"), undefined);
  assert.equal(await boundOn("devicemapper"), undefined);
});

Deno.test("toCreateOptions() bounds the layer where that is asked for, and each file with a limit", () => {
  const resources = { memoryBytes: 1024 ** 3, cpuShares: 512, pids: 100 };
  const bounded = new ContainerBuilder("x", "image").withResources({ ...resources, diskBytes: 8000 }).build();
  assert.deepEqual(toCreateOptions(bounded, 8000).HostConfig?.StorageOpt, { size: "8000" });
  assert.equal(toCreateOptions(bounded).HostConfig?.StorageOpt, undefined);
  const ulimits = toCreateOptions(bounded).HostConfig?.Ulimits;
  assert.deepEqual(ulimits?.find(({ Name }) => Name === "fsize"), { Name: "fsize", Soft: 9000, Hard: 9000 });
  const free = new ContainerBuilder("x", "image").withResources(resources).build();
  assert.deepEqual(toCreateOptions(free).HostConfig?.Ulimits, [{ Name: "core", Soft: 0, Hard: 0 }]);
});

Deno.test("DockerodeLayerQuota asks once for the storage before the first limit, and again if there was no answer", async () => {
  const answers = [
    () => Promise.reject(new Error("away")),
    () => Promise.resolve(quota.learn("overlay2 on extfs")),
  ];
  let asked = 0;
  const quota: DockerodeLayerQuota = new DockerodeLayerQuota(() => answers[asked++]!());
  const create = (bytes?: number) => Promise.resolve(bytes);
  assert.equal(await quota.create(undefined, create), undefined);
  assert.equal(asked, 0);
  assert.equal(await quota.create(5, create), 5);
  assert.equal(await quota.create(5, create), undefined);
  assert.equal(await quota.create(5, create), undefined);
  assert.equal(asked, 2);
});
