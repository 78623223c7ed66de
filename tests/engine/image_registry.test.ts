import assert from "node:assert/strict";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import { connectDocker } from "../../lib/engine/docker/connect_docker.ts";
import { loginsOf } from "../../lib/engine/docker/registry_credentials.ts";
import { ImageUnavailableError } from "../../lib/errors.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";
import { REGISTRY, testPrivately } from "../support/servers/private_engine.ts";

testPrivately(
  "a tag is pinned to the digest of its registry, and a newer image is noticed",
  async (engine) => {
    const publish = async (content: string) => {
      await engine.importImage("berth/pinned:1", { content: new TextEncoder().encode(content) });
      await engine.moveToRegistry("berth/pinned:1");
    };
    await publish("first");
    await using fixture = await RunnerFixture.open({ DOCKER_HOST: engine.dockerHost });
    const { runner, deploy } = fixture;
    const name = `${REGISTRY}/berth/pinned:1`;
    const { reference, note } = await runner.resolveImage(name);
    assert.match(reference, /^127\.0\.0\.1:5000\/berth\/pinned@sha256:[0-9a-f]{64}$/);
    assert.equal(note, undefined);
    const bot = await deploy({ x: "1" }, {
      runtime: "image",
      image: reference,
      command: ["/none"],
      entrypointFiles: {},
    });
    await runner.prepare(bot);
    assert.equal(await runner.newerImage(name, reference), undefined);

    await publish("second");
    const second = await runner.resolveImage(name);
    assert.notEqual(second.reference, reference);
    assert.equal(await runner.newerImage(name, reference), second.reference.split("@")[1]);

    await engine.stopRegistry();
    await runner.prepare(bot);
    await assert.rejects(runner.resolveImage(name), /Cannot find image '.*': the registry does not answer/);
  },
  { registry: true },
);

Deno.test("a pull carries the credentials of its registry, and a refusal tells none of them", async () => {
  const temp = await Deno.makeTempDir({ prefix: "berth-test-" });
  const socket = `${temp}/engine.sock`;
  const seen: (string | null)[] = [];
  const server = Deno.serve({ path: socket, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url.replace(/^http\+unix:\/\/[^/]*/, "http://engine"));
    if (pathname.startsWith("/images/") && pathname.endsWith("/json")) {
      return Response.json({ message: "no such image" }, { status: 404 });
    }
    seen.push(request.headers.get("x-registry-auth"));
    const message = "pull access denied, repository does not exist or may require authorization";
    return Response.json({ message }, { status: 404 });
  });
  const file = `${temp}/config.json`;
  await Deno.writeTextFile(file, JSON.stringify({ auths: { "ghcr.io": { auth: btoa("me:very-secret") } } }));
  try {
    await using orchestrator = new DockerodeOrchestrator(connectDocker(`unix://${socket}`), {
      logins: loginsOf(file),
    });
    const refused = async (image: string, pattern: RegExp) => {
      for (const call of ["pullImage", "findInRegistry"] as const) {
        await assert.rejects(orchestrator[call](image), (error) => {
          assert.ok(error instanceof ImageUnavailableError, String(error));
          assert.match(error.message, pattern);
          assert.doesNotMatch(Deno.inspect(error, { depth: 9 }), /very-secret|dmVyeS1zZWNyZXQ/);
          return true;
        });
      }
    };
    await refused("ghcr.io/me/bot:1", /The credentials of ghcr\.io in '.*config\.json' do not suffice/);
    await refused("quay.io/me/bot:1", /If it is private, log in .* 'docker login quay\.io'/);
  } finally {
    await server.shutdown();
    await Deno.remove(temp, { recursive: true });
  }
  const [first, second, ...others] = seen.map((header) => header && JSON.parse(atob(header)));
  const login = { username: "me", password: "very-secret", serveraddress: "ghcr.io" };
  assert.deepEqual([first, second, others], [login, login, [null, null]]);
});
