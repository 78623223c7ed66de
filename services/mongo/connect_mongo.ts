/**
 * Connects to a MongoDB server.
 *
 * @module
 */

import { MongoClient, type MongoClientOptions, MongoMissingDependencyError } from "mongodb";
import { InvalidConfigError } from "../../lib/errors.ts";
import { problemOfMongoUri } from "../../lib/util/server_addresses.ts";
import { boundMessageSizes } from "./mongo_message_size.ts";

/** Times in ms. Values in the URI override these. */
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
 * Creates a client for the repositories, without connecting.
 *
 * @param uri `mongodb://…` or `mongodb+srv://…`.
 * @returns The client. Close it at the end.
 * @throws {InvalidConfigError} If the URI is invalid. The message shows no part of it.
 */
export function connectMongo(uri: string): MongoClient {
  const problem = problemOfMongoUri(uri);
  if (problem !== undefined) throw new InvalidConfigError([{ path: "MONGO_URI", message: problem }]);
  const unsaid = Object.entries(DEFAULTS).filter(([name]) => !new RegExp(`[?&]${name}=`, "i").test(uri));
  try {
    return new MongoClient(uri, Object.fromEntries(unsaid));
  } catch (error) {
    // A missing permission says nothing about the URI.
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw new InvalidConfigError([{ path: "MONGO_URI", message: harmlessReason(error) ?? FORM }]);
  }
}

/**
 * Returns the addresses a client connects to.
 *
 * @param client The client.
 * @returns Hosts and ports, without credentials.
 */
export function mongoAddress({ options }: MongoClient): string {
  return options.srvHost ?? options.hosts.join(",");
}

/**
 * The driver's message may quote the URI with its password, so only messages that name no value are passed
 * on.
 */
function harmlessReason(error: unknown): string | undefined {
  if (error instanceof MongoMissingDependencyError) return "asks for a feature that Berth is built without";
  return /^options? [\w, ]+ (?:is|are) not supported$/.exec((error as Error).message)?.[0];
}
