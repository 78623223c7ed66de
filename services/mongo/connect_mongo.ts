/**
 * The connection to a MongoDB server.
 *
 * @module
 */

import { MongoClient, type MongoClientOptions, MongoMissingDependencyError } from "mongodb";
import { InvalidConfigError } from "../../lib/errors.ts";
import { problemOfMongoUri } from "../../lib/util/server_addresses.ts";
import { boundMessageSizes } from "./mongo_message_size.ts";

/** In ms where it is a time. What the URI says about any of them is preferred. */
const DEFAULTS: MongoClientOptions = {
  appName: "berth",
  serverSelectionTimeoutMS: 5000,
  connectTimeoutMS: 5000,
  socketTimeoutMS: 60_000,
  maxPoolSize: 10,
};

boundMessageSizes();

const FORM =
  "is no connection string of MongoDB. It looks like mongodb://user:password@host:27017/?authSource=admin; " +
  "characters such as @, : and / in user and password are percent-encoded";

/**
 * Makes the connection that a `MongoDocumentRepository` takes. Nothing is sent yet.
 *
 * @param uri `mongodb://…` or `mongodb+srv://…`.
 * @returns The client. Close it at the end.
 * @throws {InvalidConfigError} If the URI cannot be used. Neither it nor a part of it is shown.
 */
export function connectMongo(uri: string): MongoClient {
  const problem = problemOfMongoUri(uri);
  if (problem !== undefined) throw new InvalidConfigError([{ path: "MONGO_URI", message: problem }]);
  const unsaid = Object.entries(DEFAULTS).filter(([name]) => !new RegExp(`[?&]${name}=`, "i").test(uri));
  try {
    return new MongoClient(uri, Object.fromEntries(unsaid));
  } catch (error) {
    // A missing permission has nothing to do with the URI.
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new InvalidConfigError([{ path: "MONGO_URI", message: harmlessReason(error) ?? FORM }]);
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

/** What the driver says may quote the URI, and with it the password: only what names no value is passed on. */
function harmlessReason(error: unknown): string | undefined {
  if (error instanceof MongoMissingDependencyError) return "asks for a feature that Berth is built without";
  return /^options? [\w, ]+ (?:is|are) not supported$/.exec((error as Error).message)?.[0];
}
