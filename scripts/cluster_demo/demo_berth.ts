/**
 * The Berth of the demo of a cluster, and its command line.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { ApiClient, serverOf } from "../../cli/client/api_client.ts";
import type { BerthProcess } from "../../tests/support/processes/berth_process.ts";
import { startHubBerth } from "../../tests/support/processes/hub_berth.ts";
import { berthEnvironment } from "../lab/berth_environment.ts";
import type { Lab } from "../lab/lab.ts";

/** Folder of the repository. */
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Settings that the demo takes from its user. */
const USER_SETTINGS = ["RUNTIME_IMAGES", "LOG_LEVEL"];

/** A Berth in the hub of a lab. Disposing kills it: its lab goes, too, with all that it has begun. */
export class DemoBerth implements AsyncDisposable {
  /** A client of it. */
  readonly client: ApiClient;
  readonly #env: Readonly<Record<string, string>>;
  readonly #process: BerthProcess;
  readonly #ended = new AbortController();

  private constructor(env: Readonly<Record<string, string>>, client: ApiClient, process: BerthProcess) {
    this.#env = env;
    this.client = client;
    this.#process = process;
    process.status.then(() =>
      this.#ended.abort(new Error(`Berth has ended. The last lines of its log:\n${this.#lastLines}`))
    );
  }

  /** Aborted when Berth ends, with an error that has the last lines of its log. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /**
   * Starts it, and waits until it answers. Its files are in the folder of the lab, and go with it.
   *
   * @param lab The lab.
   * @param leaseSeconds Its `LEASE_SECONDS`.
   */
  static async open(lab: Lab, leaseSeconds: number): Promise<DemoBerth> {
    const folder = `${lab.folder}/berth`;
    await Deno.mkdir(folder);
    const settings = USER_SETTINGS.map((name) => [name, Deno.env.get(name)]).filter(([, value]) => value);
    const env = {
      ...Object.fromEntries(settings),
      ...berthEnvironment(lab),
      BERTH_INSTANCE: "demo",
      LEASE_SECONDS: String(leaseSeconds),
      TEMP_DIR: folder,
      DATA_DIR: `${folder}/data`,
      HOME: folder,
    };
    const client = new ApiClient(serverOf(env));
    try {
      return new DemoBerth(env, client, await startHubBerth(lab, env, client));
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Runs a command as a user would.
   *
   * @param args The arguments after `berth`.
   * @param signal Kills it.
   * @returns The text that it printed.
   * @throws {Error} If it fails, with what it said.
   */
  async run(args: readonly string[], signal: AbortSignal): Promise<string> {
    const { TEMP_DIR, BERTH_INSTANCE, HOME } = this.#env;
    const permissions = args[0] === "deploy" ? "deploy" : "client";
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--no-check", `-P=${permissions}`, "main.ts", ...args],
      cwd: ROOT,
      env: {
        TEMP_DIR: TEMP_DIR!,
        BERTH_INSTANCE: BERTH_INSTANCE!,
        // The user's own service is another one.
        BERTH_SERVER: "",
        BERTH_TOKEN: "",
        INIT_CWD: ROOT,
        XDG_CACHE_HOME: HOME!,
      },
      stdin: "null",
      signal,
    }).output();
    signal.throwIfAborted();
    const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    if (!success) throw new Error(`berth ${args.join(" ")}: ${said.trim()}`);
    return said;
  }

  get #lastLines(): string {
    return this.#process.lines.slice(-20).join("\n");
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.client[Symbol.dispose]();
    await this.#process.kill();
  }
}
