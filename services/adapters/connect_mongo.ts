/**
 * The connection to a MongoDB server.
 *
 * @module
 */

import { MongoClient, type MongoClientOptions } from "mongodb";
import { InvalidConfigError } from "../../lib/errors.ts";

/** In ms where it is a time. What the URI says about any of them is preferred. */
const DEFAULTS: MongoClientOptions = {
  appName: "berth",
  serverSelectionTimeoutMS: 5000,
  connectTimeoutMS: 5000,
  socketTimeoutMS: 60_000,
  maxPoolSize: 10,
};

/**
 * Makes the connection that a `MongoBotRepository` takes. Nothing is sent yet.
 *
 * @param uri `mongodb://…` or `mongodb+srv://…`.
 * @returns The client. Close it at the end.
 * @throws {InvalidConfigError} when the URI cannot be used. Neither it nor a part of it is shown.
 */
export function connectMongo(uri: string): MongoClient {
  const unsaid = Object.entries(DEFAULTS).filter(([name]) => !new RegExp(`[?&]${name}=`, "i").test(uri));
  try {
    return new MongoClient(uri, Object.fromEntries(unsaid));
  } catch {
    // What the driver throws may quote the URI, and with it the password: it goes nowhere.
    throw new InvalidConfigError([
      "MONGO_URI: is no connection string of MongoDB. It looks like mongodb://user:password@host:27017/?authSource=admin; " +
      "characters such as @, : and / in user and password are percent-encoded",
    ]);
  }
}

/**
 * Where a client connects to.
 *
 * @param client The client.
 * @returns Hosts and ports, without credentials.
 */
export function mongoAddress({ options }: MongoClient): string {
  return options.srvHost ?? options.hosts.join(",");
}
