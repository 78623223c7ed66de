/**
 * `berth state`: shows, downloads, replaces and restores what bots keep.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { BerthError, messageOf } from "../../lib/errors.ts";
import type { BotState, RestoredState, StateSnapshot } from "../../services/contract/state.ts";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT, UsageError } from "../context.ts";
import { formatTable } from "../output/table.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode stateCommand}. */
export interface StateOptions {
  /** The action. */
  readonly action: string;
  /** Id of the bot, with `@` and the time of a snapshot if one is meant. */
  readonly target: string;
  /** The file to put. */
  readonly file?: string;
  /** Where to write what is downloaded. */
  readonly out?: string;
  /** Whether to begin with an empty state. */
  readonly empty: boolean;
  /** Print JSON. */
  readonly json: boolean;
}

const ACTIONS = ["ls", "get", "put", "snapshot", "restore"];
const REASONS: Readonly<Record<StateSnapshot["reason"], string>> = {
  "stop": "stopped",
  "new-version": "new version",
  "interval": "interval",
  "request": "by hand",
  "before-restore": "before a restore",
};

/**
 * Does one of the actions.
 *
 * @param options The action.
 * @param context The command's context.
 * @throws {UsageError} If the arguments do not fit the action.
 */
export async function stateCommand(options: StateOptions, context: CliContext): Promise<number> {
  const { action, target, file, out, empty } = options;
  if (!ACTIONS.includes(action)) {
    throw new UsageError(`'state' has no '${action}'; use ${ACTIONS.join(", ")}.`);
  }
  const at = target.indexOf("@");
  const id = at < 0 ? target : target.slice(0, at);
  const snapshot = at < 0 ? undefined : target.slice(at + 1);
  if (snapshot !== undefined && !["get", "restore"].includes(action)) {
    throw new UsageError(`'state ${action}' takes the id of a bot, without '@' and a time.`);
  }
  if ((action === "put") !== (file !== undefined)) {
    throw new UsageError(
      action === "put" ? "'state put' needs a tar.gz file." : `'state ${action}' takes no '${file}'.`,
    );
  }
  if (out !== undefined && action !== "get") throw new UsageError("--out is for 'state get'.");
  if (empty && (action !== "restore" || snapshot !== undefined)) {
    throw new UsageError("--empty is for 'state restore ID', without a time.");
  }
  using client = new ApiClient(serverOf(context.env));
  const call = { client, id, snapshot, options, context };
  switch (action) {
    case "ls":
      return await list(call);
    case "get":
      return await get(call);
    case "put":
      return await put(call);
    case "snapshot":
      return await makeSnapshot(call);
    default:
      return await restore(call);
  }
}

interface Call {
  readonly client: ApiClient;
  readonly id: string;
  readonly snapshot: string | undefined;
  readonly options: StateOptions;
  readonly context: CliContext;
}

async function list({ client, id, options, context: { terminal, signal } }: Call): Promise<number> {
  const state = await client.call("getState", { params: { id } }, { signal });
  if (options.json) {
    terminal.out(JSON.stringify(state, null, 2));
    return EXIT.ok;
  }
  for (const line of describe(state)) terminal.out(printable(line));
  return EXIT.ok;
}

function describe(state: BotState): string[] {
  const { id, isPending, snapshots } = state;
  const head = ["SNAPSHOT", "FILES", "SIZE", "VERSION", "WHY", "NOTES"];
  const rows = snapshots.map((each) => [
    each.name,
    String(each.files),
    sizeOf(each.bytes),
    each.version,
    REASONS[each.reason],
    [
      ...(each.consistency === "crash" ? ["made while the bot ran"] : []),
      ...(each.isStored ? [] : ["waits for the object store"]),
    ].join(", "),
  ]);
  return [
    `${id}: ${whereOf(state)}`,
    ...(isPending ? ["A restored state takes its place at the next start."] : []),
    ...(rows.length > 0 ? formatTable([head, ...rows]) : ["No snapshots yet."]),
  ];
}

function whereOf({ folder, node, bytes, maxBytes }: BotState): string {
  if (node !== undefined) return `on node ${node}`;
  if (folder === undefined) return "no state on the service's host";
  return bytes === undefined ? folder : `${sizeOf(bytes)} of ${sizeOf(maxBytes)}, ${folder}`;
}

async function get({ client, id, snapshot, options, context }: Call): Promise<number> {
  const { terminal, signal, cwd } = context;
  const path = resolve(cwd, options.out ?? `${id}${snapshot === undefined ? "" : `-${snapshot}`}.tar.gz`);
  const query = snapshot === undefined ? {} : { snapshot };
  const response = await client.request("getStateContent", { params: { id }, query }, { signal });
  try {
    const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
    await response.body!.pipeTo(file.writable, { signal });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new BerthError("state/file-exists", `'${path}' already exists.`, {
        advice: "Choose another file with --out.",
      });
    }
    await Deno.remove(path).catch(() => {});
    signal.throwIfAborted();
    throw new BerthError("state/download", `Cannot store the state in '${path}':  ${messageOf(error)}.`);
  }
  const { size } = await Deno.stat(path);
  if (options.json) terminal.out(JSON.stringify({ id, ...query, path, bytes: size }, null, 2));
  else terminal.out(printable(`${id}: ${sizeOf(size)} in ${path}`));
  return EXIT.ok;
}

async function put({ client, id, options, context }: Call): Promise<number> {
  const { signal, cwd } = context;
  const path = resolve(cwd, options.file!);
  const open = () =>
    Deno.open(path).catch((error) => {
      throw new BerthError("state/file", `Cannot read '${path}': ${messageOf(error)}.`);
    });
  const hash = createHash("sha256");
  for await (const chunk of (await open()).readable) hash.update(chunk);
  const restored = await client.request("putStateContent", {
    params: { id },
    query: { sha256: hash.digest("hex") },
    body: (await open()).readable,
  }, { signal, headers: { "content-type": "application/gzip" } });
  return report(await restored.json(), options, context);
}

async function makeSnapshot({ client, id, options, context: { terminal, signal } }: Call): Promise<number> {
  const answer = await client.request("snapshotState", { params: { id } }, { signal });
  const snapshot: StateSnapshot = await answer.json();
  if (options.json) terminal.out(JSON.stringify(snapshot, null, 2));
  else {
    const { name, files, bytes, consistency } = snapshot;
    const note = consistency === "crash" ? "; the bot ran meanwhile" : "";
    terminal.out(`${id}@${name}: ${files} ${files === 1 ? "file" : "files"}, ${sizeOf(bytes)}${note}`);
  }
  return EXIT.ok;
}

async function restore({ client, id, snapshot, options, context }: Call): Promise<number> {
  const body = { ...(snapshot !== undefined && { snapshot }), empty: options.empty };
  const answer = await client.request("restoreState", { params: { id }, body }, { signal: context.signal });
  return report(await answer.json(), options, context);
}

function report(restored: RestoredState, { json, empty }: StateOptions, { terminal }: CliContext): number {
  if (json) terminal.out(JSON.stringify(restored, null, 2));
  else {
    const { id, snapshot, isPending } = restored;
    const what = empty
      ? "an empty state"
      : snapshot === undefined
      ? "the state of the file"
      : `snapshot ${snapshot}`;
    terminal.out(`${id} ${isPending ? "gets" : "has"} ${what}${isPending ? " at its next start" : ""}`);
    terminal.note("berth: The state before is kept as a snapshot; 'berth state ls' lists it.");
  }
  return EXIT.ok;
}

function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${Math.ceil(bytes / 1024)} KB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
