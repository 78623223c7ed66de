/**
 * A TCP proxy that a test can watch, cut and open again, and in which something can happen at each step.
 *
 * @module
 */

import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./free_port.ts";

/** Where a server listens: a port, or the path of a socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

/** A piece of data on its way. */
export interface Step {
  /** Where it goes. */
  readonly to: "server" | "client";
  /** The data. */
  readonly chunk: Uint8Array;
}

/** A proxy to a server, closed at first. */
export class TcpProxy implements AsyncDisposable {
  /** Bytes of answers after which a connection is cut. */
  limit = Infinity;
  /** Called with each piece of data before it goes on; what it answers `false` to does not, nor anything after it. */
  onStep: ((step: Step) => boolean | void) | undefined;
  #near: Address;
  readonly #target: Address;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();

  /** @param target The server. @param near Where it is reached through this. @default {a free port} */
  constructor(target: Address, near: Address = { host: "127.0.0.1", port: freePort() }) {
    this.#target = target;
    this.#near = near;
  }

  /** `host:port` of its near end, or a path. */
  get address(): string {
    return "path" in this.#near ? this.#near.path : `${this.#near.host}:${this.#near.port}`;
  }

  /** Opens it. */
  async open(): Promise<void> {
    const server = createServer((near) => this.#join(near));
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(this.#near, resolve));
    this.#server = server;
  }

  /** Closes it, with all that go through it: new connections are refused. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  /**
   * Takes connections and data from now on, and passes nothing on: like a server that hangs, or a connection that is
   * broken in the middle.
   */
  freeze(): void {
    this.onStep = () => false;
  }

  /** Ends {@linkcode freeze}, for new connections: what was held back is lost. */
  thaw(): void {
    this.onStep = undefined;
  }

  /** {@linkcode cut}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cut();
  }

  #join(near: Socket): void {
    const far = connect(this.#target);
    let bytes = 0;
    let isHeld = false;
    const goesOn = (step: Step) => !(isHeld ||= this.onStep?.(step) === false);
    far.on("data", (chunk) => {
      bytes += chunk.length;
      if (bytes > this.limit) near.destroy();
      else if (goesOn({ to: "client", chunk })) near.write(chunk);
    });
    near.on("data", (chunk) => {
      if (goesOn({ to: "server", chunk })) far.write(chunk);
    });
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      let hasEnded = false;
      // One side may have said all that it has to say, and wait for the answer.
      socket.on("end", () => {
        hasEnded = true;
        other.end();
      });
      socket.on("close", () => {
        this.#sockets.delete(socket);
        // The last bytes of the other end may still be on their way.
        if (!hasEnded) other.destroy();
      });
    }
  }
}
