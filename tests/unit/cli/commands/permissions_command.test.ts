import assert from "node:assert/strict";
import { servicePermissions } from "../../../../cli/commands/permissions_command.ts";
import { parseServiceConfig } from "../../../../services/config.ts";

Deno.test("a service on MongoDB may reach the Berths of BERTH_URLS, and read their authority", () => {
  const flags = servicePermissions(parseServiceConfig({
    HOME: "/home/berth",
    SERVICES: "bots",
    MONGO_URI: "mongodb://db",
    MINIO_ENDPOINT: "store:9000",
    MINIO_ACCESS_KEY: "key",
    MINIO_SECRET_KEY: "secret",
    BERTH_URLS: "https://one.internal,http://[fd00::1]:8420",
    BERTH_CA: "/etc/berth/ca.pem",
  }));
  const listOf = (name: string) => flags.find((flag) => flag.startsWith(`${name}=`))!.split(/[=,]/);
  assert.ok(listOf("--allow-net").includes("one.internal:443"));
  assert.ok(listOf("--allow-net").includes("[fd00::1]:8420"));
  assert.ok(listOf("--allow-read").includes("/etc/berth/ca.pem"));
});
