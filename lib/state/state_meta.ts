/**
 * Metadata of a bot's state folder, in a file beside it.
 *
 * @module
 */

import { z } from "zod";
import { stateSettingsSchema } from "../executable/state_settings.ts";
import { syncToDisk } from "../util/durable_file.ts";
import { onDisk, unlessMissing } from "../util/files.ts";
import { StateError } from "./state_error.ts";

const schema = z.object({
  /** Name of the folder that is mounted at `/state`; absent until the first start or restore. */
  folder: z.string().optional(),
  /** Name of the folder that takes its place at the next start. */
  pending: z.string().optional(),
  /** When the first folder was made. */
  madeAt: z.string(),
  /** Whether the object store knows that there is a folder. */
  isAnnounced: z.boolean().default(false),
  /** Settings of the last start. */
  settings: stateSettingsSchema.optional(),
  /** Code of the last start: its version, and the key of its archive. */
  code: z.object({ version: z.string(), filePath: z.string() }).optional(),
  /** When the last snapshot was made. */
  snapshotAt: z.string().optional(),
  /** Fingerprint of the folder at the last snapshot that nothing wrote meanwhile. */
  fingerprint: z.string().optional(),
  /** Size at which the bot was stopped, in bytes. */
  overBytes: z.number().optional(),
});

/** Metadata of a bot's state folder. */
export type StateMeta = Readonly<z.infer<typeof schema>>;

/**
 * Reads the file.
 *
 * @param path Path of the file.
 * @returns `undefined` if there is none.
 * @throws {StateError} If it cannot be understood.
 */
export async function readStateMeta(path: string): Promise<StateMeta | undefined> {
  const text = await onDisk(`read '${path}'`, () => unlessMissing(Deno.readTextFile(path)));
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new StateError("unusable", `Cannot read '${path}', which says where the state is.`, {
      advice: "Restore a snapshot with 'berth state restore'.",
      cause,
    });
  }
}

/**
 * Writes the file: afterwards it has the new content or the old one, whatever happens.
 *
 * @param path Path of the file.
 * @param meta The content.
 */
export async function writeStateMeta(path: string, meta: StateMeta): Promise<void> {
  await writeWhole(path, JSON.stringify(meta));
}

/**
 * Writes a small file whole or not at all, and returns once it is on the disk.
 *
 * @param path Path of the file.
 * @param text Its content.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const part = `${path}.${crypto.randomUUID()}.part`;
  await onDisk(`write '${path}'`, async () => {
    try {
      {
        using file = await Deno.open(part, { write: true, createNew: true, mode: 0o600 });
        const bytes = new TextEncoder().encode(text);
        for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
        await file.sync();
      }
      await Deno.rename(part, path);
    } catch (error) {
      await unlessMissing(Deno.remove(part)).catch(() => {});
      throw error;
    }
    await syncToDisk(path.slice(0, path.lastIndexOf("/")));
  });
}
