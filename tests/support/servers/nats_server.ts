/**
 * NATS servers of a test's own, to be stopped, killed and held at will.
 *
 * @module
 */

import { join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { until } from "../until.ts";
import { freePort } from "./free_port.ts";

const PROGRAM = Deno.env.get("NATS_SERVER") ?? "nats-server";

/** A server of its own, on this machine only. */
export interface PrivateNatsServer extends AsyncDisposable {
  /** Its address; the same after each start. */
  readonly url: string;
  /** Starts it, with what it kept. @param options Whether with JetStream (default), and arguments of its own. */
  start(options?: { readonly jetstream?: boolean; readonly args?: readonly string[] }): Promise<void>;
  /** Sends a signal. @param name The signal; after one that ends it, its end is waited for. */
  signal(name: "TERM" | "KILL" | "STOP" | "CONT"): Promise<void>;
  /** Connects to it as somebody else. */
  connect(): Promise<NatsConnection>;
}

/** Whether servers can be started here, else why not. */
export function findNatsObstacle(): string | undefined {
  try {
    new Deno.Command(PROGRAM, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return undefined;
  } catch {
    return "the program nats-server";
  }
}

/**
 * Registers a test with a server of its own, which is not running at first.
 *
 * @param name Name of the test.
 * @param body The test.
 */
export function testWithNats(name: string, body: (server: PrivateNatsServer) => Promise<void>): void {
  const obstacle = findNatsObstacle();
  if (obstacle !== undefined) console.warn(`NOT RUN: "${name}" needs ${obstacle}.`);
  Deno.test({
    name: obstacle === undefined ? name : `${name} (NOT RUN: needs ${obstacle})`,
    ignore: obstacle !== undefined,
    async fn() {
      await using server = await openNatsServer();
      await body(server);
    },
  });
}

/** Makes a server. It is not running at first. */
export async function openNatsServer(): Promise<PrivateNatsServer> {
  const folder = await Deno.makeTempDir({ prefix: "berth-test-nats-" });
  const port = freePort();
  const url = `nats://127.0.0.1:${port}`;
  let child: Deno.ChildProcess | undefined;
  return {
    url,
    async start({ jetstream = true, args = [] } = {}) {
      const storage = jetstream ? ["-js", "-sd", join(folder, "data")] : [];
      // As the servers of the run: a machine that the tests keep busy must not make it seem lost.
      child = new Deno.Command("nice", {
        args: ["-n", "-10", PROGRAM, "-a", "127.0.0.1", "-p", String(port), ...storage, ...args],
        stdout: "null",
        stderr: "null",
      }).spawn();
      let isOver = false;
      child.status.then(() => isOver = true);
      await until("the start of the test's NATS server", () => {
        if (isOver) throw new Error("The test's NATS server ended at its start");
        return answers(port);
      });
    },
    async signal(name) {
      child?.kill(`SIG${name}`);
      if (name === "TERM" || name === "KILL") await child?.status;
    },
    connect: () => connect({ servers: url, reconnect: false }),
    async [Symbol.asyncDispose]() {
      try {
        child?.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await child?.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Whether the server answers, without logging in. */
async function answers(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const bytes = new Uint8Array(5);
    await connection.read(bytes);
    return new TextDecoder().decode(bytes) === "INFO ";
  } catch {
    return false;
  }
}
