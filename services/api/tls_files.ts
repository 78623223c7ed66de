/**
 * The certificate of the TCP entrance, which another program renews.
 *
 * @module
 */

import type { Server } from "node:https";
import type { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { type Clock, systemClock } from "../../lib/util/clock.ts";

/** Where a certificate is. */
export interface TlsFiles {
  /** The chain, as PEM. */
  readonly certFile: string;
  /** The private key, as PEM. */
  readonly keyFile: string;
}

/** How often the files are checked, in ms, if there are requests. */
const LOOK_MS = 60_000;

/**
 * Reads a certificate and its key.
 *
 * @param files Where they are.
 * @throws {Error} If one cannot be read; names it.
 */
export async function readTlsFiles({ certFile, keyFile }: TlsFiles): Promise<{ cert: string; key: string }> {
  return { cert: await Deno.readTextFile(certFile), key: await Deno.readTextFile(keyFile) };
}

/** Gives a server its renewed certificate. Without requests it looks at nothing. */
export class TlsRenewal {
  readonly #files: TlsFiles;
  readonly #server: Pick<Server, "setSecureContext">;
  readonly #log: Pick<ReturnType<typeof getLogger>, "info" | "warn">;
  readonly #clock: Pick<Clock, "monotonic">;
  #lookedAt = -Infinity;
  #seen: string | undefined;

  /**
   * @param files The files.
   * @param server The server.
   * @param log Where a renewal is noted.
   * @param clock The clock.
   */
  constructor(
    files: TlsFiles,
    server: Pick<Server, "setSecureContext">,
    log: Pick<ReturnType<typeof getLogger>, "info" | "warn">,
    clock: Pick<Clock, "monotonic"> = systemClock,
  ) {
    this.#clock = clock;
    this.#files = files;
    this.#server = server;
    this.#log = log;
  }

  /** Checks the files if that was not done lately. Connections from then on use what they hold. */
  async look(): Promise<void> {
    const now = this.#clock.monotonic();
    if (now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    try {
      const files = await readTlsFiles(this.#files);
      const isFirst = this.#seen === undefined;
      if (this.#seen === files.cert) return;
      // The key is written before or after the certificate; a pair that does not fit is refused here.
      if (!isFirst) this.#server.setSecureContext(files);
      this.#seen = files.cert;
      if (!isFirst) this.#log.info("certificate renewed", { file: this.#files.certFile });
    } catch (error) {
      this.#log.warn("certificate not read; the one before stays in use", { problem: messageOf(error) });
    }
  }
}
