/**
 * Takes a bot or a schedule away from the service: its document, and the archives that were deployed from a folder.
 *
 * @module
 */

import type { BotChange } from "../../services/documents/bot_repository.ts";
import type { DeployTarget } from "./deploy_bot.ts";
import { archivePrefix } from "./store_archive.ts";

/**
 * Removes a bot or a schedule. The service stops a bot when it hears of the change; a run that goes comes to its end.
 * Archives of other programs are left alone.
 *
 * @param id Its id. Where there is no such document, only archives are looked for.
 * @throws {StoreUnavailableError | ObjectStoreError} If it cannot be removed.
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
