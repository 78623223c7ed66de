import assert from "node:assert/strict";
import { formatIssue, InvalidConfigError } from "../../../../lib/errors.ts";
import { exposedUrls } from "../../../../lib/runner/cluster_config.ts";
import { parseDockerRunnerConfig } from "../../../../lib/runner/parse_docker_runner_config.ts";

const minio = {
  MINIO_ENDPOINT: "localhost:9000",
  MINIO_ACCESS_KEY: "access1234",
  MINIO_SECRET_KEY: "secret1234",
};

function problemsOf(variables: Record<string, string>): readonly string[] {
  try {
    parseDockerRunnerConfig(variables);
  } catch (error) {
    assert.ok(error instanceof InvalidConfigError, String(error));
    return error.issues.map(formatIssue);
  }
  throw new assert.AssertionError({ message: `accepted ${JSON.stringify(variables)}` });
}

Deno.test("parseDockerRunnerConfig() has a default for everything", () => {
  const config = parseDockerRunnerConfig({ HOME: "/home/me" });
  assert.equal(config.dockerHost, "unix:///var/run/docker.sock");
  assert.equal(config.tempDir, "/tmp/runtime");
  assert.equal(config.dataDir, "/home/me/.local/share/berth");
  assert.equal(config.minio, undefined);
  assert.deepEqual(config.buckets, {
    code: "custom-bots",
    results: "test-results",
    logs: "bot-logs",
    state: "bot-state",
  });
  assert.equal(config.images["python3.11"], "python:3.11-slim");
  assert.equal(config.images["nodejs20"], "node:20-alpine");
  assert.deepEqual(config.resources, {
    memoryBytes: 512 * 1024 ** 2,
    cpuShares: 512,
    pids: 256,
    diskBytes: 2048 * 1024 ** 2,
  });
  assert.deepEqual(config.archiveLimits, {
    maxEntries: 50_000,
    maxTotalBytes: 1024 ** 3,
    maxFileBytes: 512 * 1024 ** 2,
    maxRatio: 200,
    ratioFreeBytes: 100 * 1024 ** 2,
  });
});

Deno.test("parseDockerRunnerConfig() reads what is set, and takes an empty value as not set", () => {
  const config = parseDockerRunnerConfig({
    ...minio,
    MINIO_SSL: "true",
    TEMP_DIR: "/srv/berth/",
    BOT_MEMORY_LIMIT_MB: "64",
    BOT_CPU_SHARES: "",
    RUNTIME_IMAGES: "nodejs20=registry.example:5000/node:20",
    BOT_CAPABILITIES: "CAP_NET_RAW, chown",
  });
  assert.equal(config.minio?.host, "localhost");
  assert.equal(config.minio?.port, 9000);
  assert.equal(config.minio?.ssl, true);
  assert.equal(config.minio?.secretKey.reveal(), "secret1234");
  assert.equal(config.tempDir, "/srv/berth");
  assert.equal(config.resources.memoryBytes, 64 * 1024 * 1024);
  assert.equal(config.resources.cpuShares, 512);
  assert.equal(config.images.nodejs20, "registry.example:5000/node:20");
  assert.deepEqual(config.capabilities, ["NET_RAW", "CHOWN"]);
});

Deno.test("parseDockerRunnerConfig() gives the names of compiled languages the image of 'binary'", () => {
  const { images } = parseDockerRunnerConfig({ RUNTIME_IMAGES: "binary=mine:1,ghc96=other:2" });
  assert.deepEqual([images["rust-stable"], images.ghc96, images.image], ["mine:1", "other:2", undefined]);
});

Deno.test("parseDockerRunnerConfig() finds Docker's own configuration", () => {
  const file = (variables: Record<string, string>) => parseDockerRunnerConfig(variables).dockerConfigFile;
  assert.equal(file({ HOME: "/home/me" }), "/home/me/.docker/config.json");
  assert.equal(file({ HOME: "/home/me", DOCKER_CONFIG: "/etc/berth/" }), "/etc/berth/config.json");
  assert.equal(file({}), undefined);
});

Deno.test("parseDockerRunnerConfig() takes 0 as no limit of what a bot writes to disk", () => {
  const diskBytes = (mb: string) => parseDockerRunnerConfig({ BOT_DISK_LIMIT_MB: mb }).resources.diskBytes;
  assert.equal(diskBytes("16"), 16 * 1024 ** 2);
  assert.equal(diskBytes("0"), undefined);
  assert.throws(() => diskBytes("-1"), /BOT_DISK_LIMIT_MB: must be a whole number/);
});

Deno.test("parseDockerRunnerConfig() takes MINIO_USE_SSL for MINIO_SSL, and refuses both where they differ", () => {
  assert.equal(parseDockerRunnerConfig({ ...minio, MINIO_USE_SSL: "true" }).minio?.ssl, true);
  assert.equal(
    parseDockerRunnerConfig({ ...minio, MINIO_USE_SSL: "true", MINIO_SSL: "true" }).minio?.ssl,
    true,
  );
  assert.equal(parseDockerRunnerConfig(minio).minio?.ssl, false);
  const both = problemsOf({ ...minio, MINIO_USE_SSL: "true", MINIO_SSL: "false" });
  assert.deepEqual(both, ["MINIO_USE_SSL: says true, and MINIO_SSL says false; set one of them"]);
});

Deno.test("parseDockerRunnerConfig() names every problem at once", () => {
  const problems = problemsOf({
    BERTH_INSTANCE: "My_Berth",
    DOCKER_HOST: "tcp://10.0.0.1:2375",
    TEMP_DIR: "tmp",
    BOT_MEMORY_LIMIT_MB: "lots",
    MINIO_ENDPOINT: "http://localhost:9000",
    MINIO_SSL: "yes",
    MINIO_CODE_BUCKET: "A",
    RUNTIME_IMAGES: "cobol=x",
  });
  const names = problems.map((problem) => problem.split(":")[0]);
  assert.deepEqual(
    new Set(names),
    new Set([
      "BERTH_INSTANCE",
      "DOCKER_HOST",
      "TEMP_DIR",
      "BOT_MEMORY_LIMIT_MB",
      "MINIO_ENDPOINT",
      "MINIO_SSL",
      "MINIO_CODE_BUCKET",
      "RUNTIME_IMAGES",
      "MINIO_ACCESS_KEY",
      "MINIO_SECRET_KEY",
    ]),
  );
});

Deno.test("parseDockerRunnerConfig() lists exactly what is missing for MinIO", () => {
  const { MINIO_SECRET_KEY: _, ...rest } = minio;
  const problems = problemsOf(rest);
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /^MINIO_SECRET_KEY: is missing, but MINIO_ENDPOINT and MINIO_ACCESS_KEY/);
});

Deno.test("a configuration shows no secrets when it is printed", () => {
  const config = parseDockerRunnerConfig(minio);
  for (
    const shown of [JSON.stringify(config), Deno.inspect(config, { depth: 9 }), `${config.minio?.secretKey}`]
  ) {
    assert.doesNotMatch(shown, /secret1234|access1234/);
    assert.match(shown, /redacted/);
  }
});

const swarm = { ...minio, RUNNER: "swarm", BERTH_URLS: "http://10.0.0.5:8420" };

Deno.test("RUNNER=swarm takes several managers, and tells the bots where Berth is", () => {
  const { cluster, dockerHost } = parseDockerRunnerConfig({
    ...swarm,
    DOCKER_HOST: "unix:///run/a.sock, tcp://manager-2,tcp://[fd00::3]:2377",
    DOCKER_CERT_PATH: "/etc/berth/tls",
    BERTH_URLS: "https://a.internal:8420/,http://10.0.0.5",
    BERTH_CA: "/etc/berth/ca.pem",
  });
  assert.deepEqual(cluster, {
    managers: [
      { socketPath: "/run/a.sock" },
      { host: "manager-2", port: 2376 },
      { host: "fd00::3", port: 2377 },
    ],
    tls: {
      caFile: "/etc/berth/tls/ca.pem",
      certFile: "/etc/berth/tls/cert.pem",
      keyFile: "/etc/berth/tls/key.pem",
    },
    berthUrls: ["https://a.internal:8420", "http://10.0.0.5"],
    berthCaFile: "/etc/berth/ca.pem",
  });
  assert.equal(dockerHost, "unix:///run/a.sock");
  assert.equal(parseDockerRunnerConfig(minio).cluster, undefined);
  const { cluster: near } = parseDockerRunnerConfig({ ...swarm, DOCKER_HOST: "tcp://127.0.0.1:2375" });
  assert.deepEqual(near?.managers, [{ host: "127.0.0.1", port: 2375 }]);
});

Deno.test("exposedUrls() names the addresses at which secrets go through networks of others in plain text", () => {
  const near = ["http://10.0.0.5:8420", "http://172.31.0.1", "http://[fd00::3]:8420", "http://berth:8420"];
  const far = [
    "http://172.32.0.1",
    "http://203.0.113.5:8420",
    "http://[2001:db8::1]:8420",
    "http://berth.example.com",
  ];
  const safe = ["https://203.0.113.5:8420", "http://berth.internal:8420", "http://127.0.0.1:8420"];
  assert.deepEqual(exposedUrls({ berthUrls: [...near, ...far, ...safe] }), far);
});

Deno.test("RUNNER=swarm gives runtimes the images that they have on one host", () => {
  assert.deepEqual(parseDockerRunnerConfig(swarm).images, parseDockerRunnerConfig(minio).images);
});

Deno.test("RUNNER=swarm says what is missing or unsafe", () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ RUNNER: "nomad" }, /^RUNNER: must be docker or swarm/],
    [{ RUNNER: "swarm" }, /^MINIO_ENDPOINT: is missing, but RUNNER is swarm.*\n^BERTH_URLS: is missing/ms],
    [{ ...swarm, BERTH_URLS: "10.0.0.5:8420" }, /^BERTH_URLS: must be addresses.*'10\.0\.0\.5:8420'/],
    [{ ...swarm, BERTH_URLS: "http://me:hunter2@h/" }, /^BERTH_URLS: must be(?!.*hunter2)/],
    [{ ...swarm, BERTH_CA: "ca.pem" }, /^BERTH_CA: /],
    [{ ...swarm, DOCKER_HOST: "ssh://host" }, /^DOCKER_HOST: must be unix:.*tcp:/],
    [{ ...swarm, DOCKER_HOST: "tcp://10.0.0.7:2375" }, /^DOCKER_CERT_PATH: is missing.*10\.0\.0\.7/],
    [{ DOCKER_HOST: "tcp://10.0.0.7:2375" }, /^DOCKER_HOST: must be unix:.*RUNNER=swarm takes/],
  ];
  for (const [variables, expected] of cases) assert.match(problemsOf(variables).join("\n"), expected);
});
