/**
 * Databases of a MongoDB server, for tests.
 *
 * @module
 */

import type { Db, MongoClient } from "mongodb";
import { connectMongo } from "../../../services/mongo/connect_mongo.ts";

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
