import assert from "node:assert/strict";
import {
  type ConnectionString,
  parseConnectionString,
  parseConnectionStrings,
  withoutCredentials,
} from "../../../../lib/util/connection_string.ts";
import { connectDocker } from "../../../../lib/engine/docker/connect_docker.ts";
import { InvalidConfigError } from "../../../../lib/errors.ts";
import { servicePermissions } from "../../../../cli/commands/permissions_command.ts";
import { connectMongo } from "../../../../services/mongo/connect_mongo.ts";
import { connectNats } from "../../../../services/nats/connect_nats.ts";
import { parseServiceConfig } from "../../../../services/config.ts";

const MONGO = { schemes: ["mongodb", "mongodb+srv"] };
const NATS = { schemes: ["nats", "tls"], defaultScheme: "nats" };
/** Each mistake that people make with a password. */
const SECRETS = [
  "s3cr3t/x",
  "s3cr3t?x",
  "s3cr3t#x",
  "s3cr3t@x",
  "s3cr3t/12",
  "12,34s3cr3t",
  "1/s3cr3t",
  "s3cr3t[x",
  "s3 cr3t",
];
const SERVERS = { MINIO_ENDPOINT: "h:9000", MINIO_ACCESS_KEY: "a", MINIO_SECRET_KEY: "b" };

function problemsOf(variables: Record<string, string>): string {
  try {
    return servicePermissions(parseServiceConfig({ ...SERVERS, ...variables })).join(" ");
  } catch (error) {
    assert.ok(error instanceof InvalidConfigError, String(error));
    return error.message;
  }
}

Deno.test("parseConnectionString() takes every form apart", () => {
  const cases: [string, typeof MONGO, Partial<ConnectionString>][] = [
    ["mongodb://h", MONGO, { scheme: "mongodb", hosts: [{ hostname: "h" }], rest: "" }],
    ["mongodb://a:1,b:2,[::1]:3/db?x=y", MONGO, {
      hosts: [{ hostname: "a", port: 1 }, { hostname: "b", port: 2 }, { hostname: "::1", port: 3 }],
      rest: "/db?x=y",
    }],
    ["mongodb+srv://u:p%40%2F%3F@h/?a=b%40c", MONGO, {
      user: "u",
      password: "p@/?",
      hosts: [{ hostname: "h" }],
    }],
    ["MONGODB://u@h", MONGO, { scheme: "mongodb", user: "u" }],
    ["mongodb://u:a:b,c@h", MONGO, { user: "u", password: "a:b,c", hosts: [{ hostname: "h" }] }],
    ["mongodb://u:@h", MONGO, { user: "u", password: "" }],
    ["h:1", NATS, { scheme: "nats", hosts: [{ hostname: "h", port: 1 }] }],
    ["nats://100%@h", NATS, { user: "100%" }],
  ];
  for (const [text, rules, expected] of cases) {
    const parsed = parseConnectionString(text, rules) as ConnectionString;
    for (const [name, value] of Object.entries(expected)) {
      assert.deepEqual(parsed[name as keyof ConnectionString], value, `${text}: ${name}`);
    }
  }
});

Deno.test("parseConnectionString() refuses what could hide a part of a password", () => {
  for (
    const text of [
      "mongodb://",
      "mongodb:///db",
      "http://h",
      "h",
      "mongodb://h:0",
      "mongodb://h:65536",
      "mongodb://h,",
      "mongodb://a b",
    ]
  ) {
    assert.ok("problem" in parseConnectionString(text, MONGO), text);
  }
  for (const text of ["", ",", "nats://a,u:p@b", "ws://h", "nats://a,http://b"]) {
    assert.ok("problem" in parseConnectionStrings(text, NATS), text);
  }
  assert.deepEqual(
    (parseConnectionStrings("nats://a:1, tls://u:p@b:2,c", NATS) as ConnectionString[]).map(({ hosts }) =>
      hosts
    ),
    [[{ hostname: "a", port: 1 }], [{ hostname: "b", port: 2 }], [{ hostname: "c" }]],
  );
});

Deno.test("a list of NATS servers is accepted, and each may be dialled", () => {
  const NATS_URL = "nats://u:p%2Fw@a:1,nats://b:2, tls://[::1]";
  const flags = problemsOf({ MONGO_URI: "mongodb://u:p%2F@m:1,n/db?authSource=admin", NATS_URL });
  assert.ok(flags.includes("h:9000,m:1,n:27017,a:1,b:2,[::1]:4222 --allow-read"), flags);
  assert.equal(connectNats(NATS_URL).where, "nats://a:1, nats://b:2, tls://[::1]:4222");
  assert.match(problemsOf({ MONGO_URI: "mongodb+srv://u:p@h/x", NATS_URL }), /--allow-net /);
});

Deno.test("no part of a password reaches process arguments or messages", () => {
  for (const secret of SECRETS) {
    const mistakes: Record<string, string>[] = [
      { MONGO_URI: `mongodb://us3r:${secret}@h:1/db`, NATS_URL: "nats://h" },
      { MONGO_URI: `mongodb+srv://us3r:${secret}@h/db`, NATS_URL: "nats://h" },
      { MONGO_URI: "mongodb://h", NATS_URL: `nats://us3r:${secret}@h:1` },
      { MONGO_URI: "mongodb://h", NATS_URL: `nats://${secret}@h:1` },
      { MONGO_URI: "mongodb://h", NATS_URL: `us3r:${secret}@h:1,b:2` },
      { MONGO_URI: "mongodb://h", NATS_URL: `nats://a:1,us3r:${secret}@h:1` },
      { MONGO_URI: "mongodb://h", MINIO_ENDPOINT: `us3r:${secret}@h:9000` },
      { MONGO_URI: "mongodb://h", DOCKER_HOST: `tcp://us3r:${secret}@h:2375` },
    ];
    for (const variables of mistakes) {
      const said = problemsOf(variables);
      const leaked = /s3|cr3t|12,34|us3r/.exec(said);
      assert.equal(leaked, null, `${JSON.stringify(variables)}: ${said}`);
    }
    for (
      const connect of [
        () => connectMongo(`mongodb://us3r:${secret}@h:1/db`),
        () => connectNats(`nats://us3r:${secret}@h:1`).where,
        () => connectDocker(`tcp://us3r:${secret}@h:1`),
      ]
    ) {
      try {
        assert.doesNotMatch(String(connect()), /s3|cr3t/);
      } catch (error) {
        assert.ok(error instanceof InvalidConfigError, String(error));
        assert.doesNotMatch(error.message, /s3|cr3t/, secret);
      }
    }
  }
});

Deno.test("withoutCredentials() leaves out what could be credentials, in linear time", () => {
  assert.equal(withoutCredentials("at mongodb://u:p@ss@h:1/x failed"), "at mongodb://…@h:1/x failed");
  assert.equal(withoutCredentials("u:p@h"), "…@h");
  assert.equal(withoutCredentials("unix:///var/run/docker.sock"), "unix:///var/run/docker.sock");
  const long = "://".repeat(300_000);
  assert.equal(withoutCredentials(long), long);
});
