/**
 * The MongoDB server of the tests: gives a test its own database, or the documents of one instance in the database that
 * Berth uses.
 *
 * @module
 */

import { type Db, MongoClient } from "mongodb";
import { connectMongo } from "../../../services/mongo/connect_mongo.ts";
import { TcpProxy } from "./tcp_proxy.ts";

/** A database of a test's own. */
export interface MongoDatabase extends AsyncDisposable {
  /** The connection. */
  readonly client: MongoClient;
  /** The database. */
  readonly database: Db;
  /** Its name. */
  readonly name: string;
}

/**
 * The server of the tests.
 *
 * @returns Its URI.
 */
export function mongoUri(): string {
  const uri = Deno.env.get("MONGO_URI");
  if (!uri) throw new Error("Set MONGO_URI, or run the tests with `./berth test`.");
  return uri;
}

/**
 * Makes a database, which goes when it is disposed.
 *
 * @returns The database.
 */
export function makeMongoDatabase(): MongoDatabase {
  const client = connectMongo(mongoUri());
  const name = `berth_test_${crypto.randomUUID().replaceAll("-", "")}`;
  const database = client.db(name);
  return {
    client,
    database,
    name,
    async [Symbol.asyncDispose]() {
      await database.dropDatabase();
      await client.close();
    },
  };
}

/**
 * Opens a proxy to the server, for one instance.
 *
 * @param stack Closes the proxy, and removes what is stored of the instance.
 * @param instance The test's instance.
 */
export async function openMongoProxy(stack: AsyncDisposableStack, instance: string) {
  const uri = mongoUri();
  const client = new MongoClient(uri);
  stack.defer(() => client.close());
  const { host, port } = client.options.hosts[0]!;
  const proxy = stack.use(new TcpProxy({ host: host ?? "127.0.0.1", port: port ?? 27017 }));
  await proxy.open();
  const through = new URL(uri.replace(/^(mongodb:\/\/(?:[^@/]*@)?)[^/?]*/, `$1${proxy.address}`));
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
    // A server without an index would search them for each later test.
    const all = await database.listCollections({}, { nameOnly: true }).toArray();
    for (const { name } of all.filter(({ name }) => name.startsWith("berth_records."))) {
      await database.collection<{ _id: string }>(name).deleteMany({ _id: ofTest });
    }
    const leases = database.collection<{ _id: string }>("berth_leases");
    await leases.deleteMany({ _id: { $regex: `/${instance}` } });
  });
  return { uri: through.href, proxy, documents };
}
