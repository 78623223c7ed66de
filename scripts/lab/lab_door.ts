/**
 * A tunnel from a process of this machine to a server of a lab's network.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../../tests/support/until.ts";
import { closeConnection, connectStreams } from "./connect_streams.ts";
import { findProcess } from "./lab_process.ts";
import type { LabSpace } from "./lab_space.ts";

const DOORKEEPER = fileURLToPath(new URL("doorkeeper.ts", import.meta.url));

/** The way. Disposing closes it. */
export interface LabDoor extends AsyncDisposable {
  /** `host:port` for this process. */
  readonly address: string;
}

/**
 * Opens a tunnel.
 *
 * @param space The lab's namespaces.
 * @param host Address of the server in it.
 * @param port Its port.
 */
export async function openDoor(space: LabSpace, host: string, port: number): Promise<LabDoor> {
  const path = join(space.folder, "door.sock");
  if (findProcess(space.folder, "door.pid") === undefined) {
    await space.start("door", [Deno.execPath(), "run", "--quiet", "-A", "--no-config", DOORKEEPER, path]);
    await until("the door of the lab", () => Deno.stat(path).then(() => true, () => false));
  }
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.Conn>();
  const accept = async () => {
    for await (const near of listener) {
      try {
        const far = await Deno.connect({ transport: "unix", path });
        for (const connection of [near, far]) connections.add(connection);
        await far.write(new TextEncoder().encode(`${host}:${port}\n`));
        connectStreams(near, far).finally(() =>
          [near, far].forEach((connection) => connections.delete(connection))
        );
      } catch {
        closeConnection(near);
      }
    }
  };
  const accepting = accept();
  return {
    address: `127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of connections) closeConnection(connection);
      await accepting;
    },
  };
}
