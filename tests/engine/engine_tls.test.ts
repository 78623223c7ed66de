/** An engine over TCP: both sides prove who they are, as the managers of a cluster do (`DOCKER_CERT_PATH`). */

import assert from "node:assert/strict";
import { type AddressInfo, connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import { connectEngine } from "../../lib/engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../../lib/engine/docker/dockerode_orchestrator.ts";
import { EngineUnavailableError } from "../../lib/errors.ts";
import { DOCKER_HOST } from "../support/fixtures/engine_support.ts";

const SOCKET = DOCKER_HOST.slice("unix://".length);

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, stderr: "piped" }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** Makes an authority, and a certificate by it for a server at `ip` or for a client. @returns Paths of the files. */
async function certify(folder: string, name: string, ip = "127.0.0.1") {
  const path = `${folder}/${name}`;
  const files = { caFile: `${path}-ca.pem`, certFile: `${path}-cert.pem`, keyFile: `${path}-key.pem` };
  const key = ["-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${name}`];
  await openssl("req", "-x509", "-days", "2", ...key, "-keyout", `${path}-ca.key`, "-out", files.caFile);
  await Deno.writeTextFile(`${path}.ext`, `subjectAltName = IP:${ip}\n`);
  await openssl("req", "-new", ...key, "-keyout", files.keyFile, "-out", `${path}.csr`);
  const by = ["-CA", files.caFile, "-CAkey", `${path}-ca.key`, "-CAcreateserial"];
  const request = ["-req", "-days", "2", "-in", `${path}.csr`, "-extfile", `${path}.ext`];
  await openssl("x509", ...request, ...by, "-out", files.certFile);
  return files;
}

const refused = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof EngineUnavailableError);
  assert.match(error.message, pattern);
  return true;
};

type Files = Awaited<ReturnType<typeof certify>>;

/** Puts TLS in front of the engine's socket, for clients that an authority has certified. */
async function openFront(
  server: Files,
  clientCa: string,
): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    return socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
  };
  const [cert, key, ca] = await Promise.all(
    [server.certFile, server.keyFile, clientCa].map((file) => Deno.readTextFile(file)),
  );
  const options = { cert, key, ca, requestCert: true, rejectUnauthorized: true } as const;
  const front = createServer(options, (client) => {
    const engine = keep(connect({ path: SOCKET }));
    keep(client).on("close", () => engine.destroy());
    engine.on("close", () => client.destroy());
    client.pipe(engine).pipe(client);
  });
  front.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", () => resolve()));
  return {
    port: (front.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => front.close(() => resolve()));
    },
  };
}

Deno.test("an engine over TCP answers with the right certificates, and is not spoken to with wrong ones", async () => {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-" });
  try {
    const [engine, berth, other] = await Promise.all(
      ["engine", "berth", "other"].map((name) => certify(folder, name)),
    ) as [Files, Files, Files];
    await using front = await openFront(engine, berth.caFile);
    const ask = async (files: Files) => {
      await using orchestrator = new DockerodeOrchestrator(
        connectEngine({ host: "127.0.0.1", port: front.port }, files),
      );
      return await orchestrator.info();
    };
    await using local = new DockerodeOrchestrator(connectEngine({ socketPath: SOCKET }));
    const right = { ...berth, caFile: engine.caFile };
    assert.equal((await ask(right)).id, (await local.info()).id);
    // Another authority may have certified whoever listens there.
    await assert.rejects(ask({ ...right, caFile: other.caFile }), refused(/certificate.*DOCKER_CERT_PATH/));
    // The engine knows nobody with this certificate.
    await assert.rejects(ask({ ...other, caFile: engine.caFile }), refused(/trusts the certificate/));

    const elsewhere = await certify(folder, "elsewhere", "127.0.0.9");
    await using moved = await openFront(elsewhere, berth.caFile);
    await using orchestrator = new DockerodeOrchestrator(
      connectEngine({ host: "127.0.0.1", port: moved.port }, { ...berth, caFile: elsewhere.caFile }),
    );
    await assert.rejects(orchestrator.info(), refused(/127\.0\.0\.9.*DOCKER_HOST/));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
