/**
 * Removes a bot or a schedule: its document, and the archives that were deployed from a folder.
 *
 * @module
 */

import type { BotChange } from "../../services/documents/bot_repository.ts";
import type { DeployTarget } from "./deploy_bot.ts";
import { archivePrefix } from "./store_archive.ts";

/**
 * Removes a bot or a schedule. The service then stops the bot, and lets an active run finish. Archives of
 * other programs stay.
 *
 * @param id The id. Without a document of this id, only its archives are removed.
 * @param target Where the document and its code are.
 * @throws {StoreUnavailableError | ObjectStoreError} If the removal fails.
 */
export async function removeBot(id: string, target: DeployTarget): Promise<void> {
  const { repository, store, bucket, publish } = target;
  const before = await repository.get(id);
  if (before) {
    const change: BotChange = { type: "deleted", id, order: { publishedAt: Date.now() } };
    await repository.apply(change);
    await publish(change);
  }
  await store.ensureBucket(bucket);
  for await (const { key } of store.list(bucket, archivePrefix(id))) await store.delete(bucket, key);
}
