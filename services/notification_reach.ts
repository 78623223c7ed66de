/**
 * Finds out what notifications have to reach: hosts and files, for the permissions of the service.
 *
 * @module
 */

import { dirname, isAbsolute, resolve } from "node:path";
import { createSecretResolver } from "../lib/secrets/create_secret_resolver.ts";
import type { ServiceConfig } from "./config.ts";
import { mailPortOf } from "./notifications/send_mail.ts";
import { ChannelsFile } from "./notifications/channels_file.ts";
import { resolveChannel } from "./notifications/channel_values.ts";

/** The files and hosts that notifications need. */
export interface NotificationReach {
  /** Hosts with ports. */
  readonly hosts: readonly string[];
  /** Absolute paths of files. */
  readonly files: readonly string[];
  /** Number of channels that can be used. */
  readonly channels: number;
  /** One line for each channel whose host is not known. */
  readonly problems: readonly string[];
}

/**
 * Reads the file of channels, and the secrets that name their hosts. A channel that cannot be used is a problem and keeps
 * nothing else from being found.
 *
 * @param config The configuration.
 */
export async function notificationReach(config: ServiceConfig): Promise<NotificationReach> {
  const { channelsFile, heartbeatUrl } = config;
  const { secrets, dataDir } = config.runner;
  const folder = dirname(channelsFile);
  using resolver = createSecretResolver(secrets, dataDir);
  const { channels, problems: mistakes } = await new ChannelsFile(channelsFile).read();
  const hosts = heartbeatUrl ? [hostOf(heartbeatUrl.reveal())] : [];
  const files = [channelsFile];
  const problems = [...mistakes];
  let usable = 0;
  for (const channel of channels) {
    if (channel.type === "email") {
      hosts.push(`${channel.host}:${mailPortOf(channel)}`);
      usable++;
      continue;
    }
    if (channel.url_file !== undefined) {
      files.push(isAbsolute(channel.url_file) ? channel.url_file : resolve(folder, channel.url_file));
    }
    try {
      hosts.push(hostOf((await resolveChannel(channel, { secrets: resolver, folder })).values!.url));
      usable++;
    } catch (error) {
      problems.push(`channel '${channel.name}': ${(error as Error).message}`);
    }
  }
  // The service may read DATA_DIR anyway.
  const others = files.filter((file) => !file.startsWith(`${dataDir}/`));
  return { channels: usable, hosts: [...new Set(hosts)], files: [...new Set(others)], problems };
}

/**
 * Names host and port of an address, as a permission does.
 *
 * @param address The address.
 */
export function hostOf(address: string): string {
  const { hostname, port, protocol } = new URL(address);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}
