/**
 * The documents of one test's instance, in MongoDB, behind a passage.
 *
 * @module
 */

import { MongoClient } from "mongodb";
import { mongoUri } from "./mongo_support.ts";
import { Passage } from "./passage.ts";

/** @param stack Closes and removes all of it. @param instance The test's instance. */
export async function openStageMongo(stack: AsyncDisposableStack, instance: string) {
  const uri = mongoUri();
  const client = new MongoClient(uri);
  stack.defer(() => client.close());
  const { host, port } = client.options.hosts[0]!;
  const passage = stack.use(new Passage({ host: host ?? "127.0.0.1", port: port ?? 27017 }));
  await passage.open();
  const through = new URL(uri.replace(/^(mongodb:\/\/(?:[^@/]*@)?)[^/?]*/, `$1${passage.address}`));
  through.searchParams.set("directConnection", "true");
  const database = client.db("bot_runner");
  const documents = database.collection("bots");
  stack.defer(async () => {
    const ofTest = { $regex: `^${instance}` };
    const scheduler = client.db("bot_scheduler");
    await scheduler.collection("bot_schedules").deleteMany({ berth_test: instance });
    await scheduler.collection("runs").deleteMany({ schedule_id: ofTest });
    await scheduler.collection<{ _id: string }>("schedulers").deleteMany({ _id: ofTest });
    await scheduler.collection<{ _id: string }>("berth_bot_schedule_positions").deleteMany({ _id: ofTest });
    await documents.deleteMany({ berth_test: instance });
    await database.collection("berth_services").deleteMany({ instance: ofTest });
    const positions = database.collection<{ _id: string }>("berth_bot_positions");
    await positions.deleteMany({ _id: ofTest });
  });
  return { uri: through.href, passage, documents };
}
