/**
 * The servers of the hub.
 *
 * @module
 */

import { join } from "node:path";
import { until } from "../../tests/support/until.ts";
import { findProcess } from "./lab_process.ts";
import { HUB, type LabSpace, REGISTRY } from "./lab_space.ts";

/** A server that a lab can have. */
export type LabServer = "minio" | "mongo" | "nats";

/** The environment with which a Berth in the hub uses a server. */
export type ServerEnvironment = Readonly<Record<string, string>>;

const MINIO_USER = "berth-lab";

/**
 * Starts the registry of the images, which nobody can write to.
 *
 * @param space Where.
 * @param storage Its folder.
 */
export async function startRegistry(space: LabSpace, storage: string): Promise<void> {
  const file = join(space.folder, "registry.yml");
  const filesystem = { rootdirectory: storage };
  const storageSettings = { filesystem, maintenance: { readonly: { enabled: true } } };
  await Deno.writeTextFile(
    file,
    JSON.stringify({
      version: 0.1,
      storage: storageSettings,
      http: { addr: REGISTRY },
      log: { level: "error" },
    }),
  );
  await space.start("registry", ["docker-registry", "serve", file]);
  await untilOpen(space, "registry", 5000);
}

/** Before a program of the hub: it stands for machines of its own, so the nodes must not keep it from answering. */
const FIRST = ["nice", "-n", "-10"];

/**
 * Runs a program whose data is in memory, for as long as the lab lives: each write is synced, and a disk that it shares with
 * the engines of all nodes would keep it from answering for seconds.
 */
const IN_MEMORY = 'mountpoint -q "$0" || mount -t tmpfs tmpfs "$0"; exec "$@"';

/**
 * Starts a server. It keeps its data in the lab's folder.
 *
 * @param space Where.
 * @param server Which one.
 * @returns How it is used.
 */
export async function startServer(space: LabSpace, server: LabServer): Promise<ServerEnvironment> {
  const data = join(space.folder, `${server}-data`);
  await Deno.mkdir(data, { recursive: true });
  switch (server) {
    case "minio": {
      // Its network is closed to everybody else.
      const password = `${MINIO_USER}-password`;
      await space.start(server, [
        ...FIRST,
        ...["minio", "server", data, "--address", `${HUB}:9000`, "--certs-dir", join(data, ".certs")],
      ], {
        MINIO_ROOT_USER: MINIO_USER,
        MINIO_ROOT_PASSWORD: password,
        MINIO_BROWSER: "off",
        MINIO_UPDATE: "off",
      });
      await untilOpen(space, server, 9000, "/minio/health/ready");
      return {
        MINIO_ENDPOINT: `${HUB}:9000`,
        MINIO_ACCESS_KEY: MINIO_USER,
        MINIO_SECRET_KEY: password,
        MINIO_SSL: "false",
      };
    }
    case "mongo":
      await space.start(server, [...FIRST, "sh", "-c", IN_MEMORY, data, "ferretdb", `${HUB}:27017`, data]);
      await untilOpen(space, server, 27017);
      return { MONGO_URI: `mongodb://${HUB}:27017` };
    case "nats":
      await space.start(server, [...FIRST, "nats-server", "-js", "-sd", data, "-a", HUB, "-p", "4222"]);
      await untilOpen(space, server, 4222);
      return { NATS_URL: `nats://${HUB}:4222` };
  }
}

/** Until a server of the hub takes connections and, where a path is given, says that it is ready. */
async function untilOpen(space: LabSpace, name: string, port: number, path = ""): Promise<void> {
  const script = 'exec 3<>"/dev/tcp/$0/$1" || exit 1; [ -n "$2" ] || exit 0; ' +
    'printf "GET %s HTTP/1.0\\r\\nHost: hub\\r\\n\\r\\n" "$2" >&3; read -r _ status _ <&3; [ "$status" = 200 ]';
  const ask = () =>
    space.hubCommand("bash", {
      args: ["-c", script, HUB, String(port), path],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
  await until(`the answer of ${name}`, async () => {
    if (findProcess(space.folder, `${name}.pid`) === undefined) {
      const said = await Deno.readTextFile(join(space.folder, `${name}.log`)).catch(() => "");
      throw new Error(`${name} ended at its start: ${said.slice(-1000)}`);
    }
    return (await ask()).success;
  });
}
