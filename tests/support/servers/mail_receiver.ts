/**
 * A mail server of one test: speaks enough of SMTP to take messages in plain text, and records them.
 *
 * @module
 */

import { TextLineStream } from "./text_lines.ts";

/** A message that was received. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and body, as they were sent. */
  readonly text: string;
  /** Name and password of the account; absent if none was given. */
  readonly login?: string;
}

/** The server. Disposing closes it with all connections. */
export class MailReceiver implements AsyncDisposable {
  /** The mails that it was sent, in order. */
  readonly mails: ReceivedMail[] = [];
  /** Its answer to the end of a message. */
  answer = "250 taken";
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  readonly #serving: Promise<void>;

  private constructor() {
    this.#serving = this.#serve();
  }

  /** Starts a server. */
  static open(): MailReceiver {
    return new MailReceiver();
  }

  /** Its port. */
  get port(): number {
    return this.#listener.addr.port;
  }

  async #serve(): Promise<void> {
    const talks: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      talks.push(this.#talk(connection).catch(() => {}).finally(() => this.#connections.delete(connection)));
    }
    await Promise.all(talks);
  }

  async #talk(connection: Deno.Conn): Promise<void> {
    const say = (text: string) => connection.write(new TextEncoder().encode(`${text}\r\n`));
    let mail = { from: "", to: [] as string[], login: undefined as string | undefined };
    let data: string[] | undefined;
    await say("220 test");
    for await (const line of connection.readable.pipeThrough(new TextLineStream())) {
      const [, verb = "", rest = ""] = /^(\w+) ?(.*)$/s.exec(line) ?? [];
      if (data) {
        if (line !== ".") data.push(line);
        else {
          const { from, to, login } = mail;
          this.mails.push({ from, to, text: data.join("\n"), ...(login !== undefined && { login }) });
          data = undefined;
          mail = { ...mail, to: [] };
          await say(this.answer);
        }
      } else if (verb === "EHLO") await say("250-test\r\n250 AUTH PLAIN");
      else if (verb === "AUTH") {
        mail.login = atob(rest.replace("PLAIN ", "")).split("\0").slice(1).join(" ");
        await say("235 welcome");
      } else if (verb === "MAIL") {
        mail.from = rest.replace(/^FROM:<|>.*$/g, "");
        await say("250 ok");
      } else if (verb === "RCPT") {
        mail.to.push(rest.replace(/^TO:<|>.*$/g, ""));
        await say("250 ok");
      } else if (verb === "DATA") {
        data = [];
        await say("354 go on");
      } else if (verb === "QUIT") {
        await say("221 bye");
        return connection.close();
      } else await say("502 what?");
    }
  }

  /** {@inheritDoc AsyncDisposable} */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
    await this.#serving;
  }
}
