/**
 * Sends a message by e-mail. The library is loaded with the first one.
 *
 * @module
 */

import type { Message } from "./message.ts";
import { messageOf } from "../../lib/errors.ts";
import { SEND_TIMEOUT_MS, type Sent } from "./send_http.ts";

/** A mail server, with the password. */
export interface MailServer {
  /** Its host. */
  readonly host: string;
  /** Its port. @default 465 with TLS from the beginning, else 587 */
  readonly port?: number | undefined;
  /** `start`: begins in plain text and must change to TLS. `always`: TLS from the beginning. `off`: plain text. */
  readonly tls: "start" | "always" | "off";
  /** Name of the account. @default none */
  readonly user?: string | undefined;
  /** Its password. */
  readonly password?: string | undefined;
  /** Address of the sender. */
  readonly from: string;
  /** Addresses of the receivers. */
  readonly to: readonly string[];
}

/**
 * Gives the port of a mail server.
 *
 * @param server The server.
 */
export function mailPortOf({ port, tls }: Pick<MailServer, "port" | "tls">): number {
  return port ?? (tls === "always" ? 465 : 587);
}

/** How long a message may take, in ms. */
const MAIL_TIMEOUT_MS = 3 * SEND_TIMEOUT_MS;

/**
 * Sends a message.
 *
 * @param message The message. Sent again, it has the same `Message-ID`, so that mail programs show it once.
 * @param server See {@linkcode MailServer}.
 * @param signal Cancels the call.
 * @returns How it ended; rejects only with the signal's reason.
 */
export async function sendMail(message: Message, server: MailServer, signal: AbortSignal): Promise<Sent> {
  const { createTransport } = await import("nodemailer");
  const { host, tls, user, password, from, to } = server;
  const transport = createTransport({
    host,
    port: mailPortOf(server),
    secure: tls === "always",
    requireTLS: tls === "start",
    ignoreTLS: tls === "off",
    // Otherwise the library asks the system for the name of this machine.
    name: "berth.invalid",
    ...(user !== undefined && { auth: { user, pass: password ?? "" } }),
    connectionTimeout: SEND_TIMEOUT_MS,
    greetingTimeout: SEND_TIMEOUT_MS,
    socketTimeout: SEND_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const over = AbortSignal.any([signal, AbortSignal.timeout(MAIL_TIMEOUT_MS)]);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = () => reject(over.reason);
  over.addEventListener("abort", end, { once: true });
  try {
    over.throwIfAborted();
    await Promise.race([
      ended,
      transport.sendMail({
        from,
        to: [...to],
        subject: message.title,
        text: message.text || message.title,
        messageId: `<${message.id}@${from.split("@")[1]}>`,
        date: new Date(message.time),
        headers: { "Auto-Submitted": "auto-generated" },
      }),
    ]);
    return { isDelivered: true };
  } catch (error) {
    signal.throwIfAborted();
    const { responseCode } = error as { responseCode?: unknown };
    // 5xx is final for this message; everything else may be over later.
    const isRefused = typeof responseCode === "number" && responseCode >= 500;
    return {
      isDelivered: false,
      why: isRefused ? "refused" : "down",
      problem: explain(error, over.aborted, host),
    };
  } finally {
    over.removeEventListener("abort", end);
    transport.close();
  }
}

function explain(error: unknown, isLate: boolean, host: string): string {
  if (isLate) return `the mail server has not taken it within ${MAIL_TIMEOUT_MS / 1000} s`;
  if (error instanceof Deno.errors.NotCapable) {
    return "the service may not reach this host: the file names it since the last start; restart the service with 'berth start'";
  }
  const problem = messageOf(error);
  // The runtime says no more about a certificate of another host after STARTTLS.
  const advice = /certificate|TLS handshake|NotValidForName|altnames/i.test(problem)
    ? `; its certificate must name '${host}' and be trusted: DENO_CERT names a file with a further authority`
    : "";
  return `the mail server does not take it: ${problem}${advice}`;
}
