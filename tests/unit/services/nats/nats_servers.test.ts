import assert from "node:assert/strict";
import { InvalidConfigError } from "../../../../lib/errors.ts";
import { connectNats } from "../../../../services/nats/connect_nats.ts";
import { nameOfNatsServer, parseNatsServers } from "../../../../services/nats/nats_servers.ts";

Deno.test("parseNatsServers() reads every form of an address", () => {
  const plain = { hostname: "h", port: 4222, tls: false, credentials: {} };
  const cases: [string, object][] = [
    ["nats://h:4222", plain],
    ["h", plain],
    ["nats://h/", plain],
    ["h:80", { ...plain, port: 80 }],
    ["tls://h:443", { ...plain, tls: true, port: 443 }],
    ["[::1]:4000", { ...plain, hostname: "::1", port: 4000 }],
    ["nats://u:1234@h", { ...plain, credentials: { user: "u", pass: "1234" } }],
    ["nats://u:p%40%2F@h", { ...plain, credentials: { user: "u", pass: "p@/" } }],
    ["nats://u:100%@h", { ...plain, credentials: { user: "u", pass: "100%" } }],
    ["t0ken@h", { ...plain, credentials: { token: "t0ken" } }],
  ];
  for (const [url, expected] of cases) assert.deepEqual(parseNatsServers(url), [expected], url);
  assert.deepEqual(parseNatsServers(" a:1 , nats://b:2,").map(nameOfNatsServer), [
    "nats://a:1",
    "nats://b:2",
  ]);
});

Deno.test("parseNatsServers() refuses what is no address, and never repeats it", () => {
  for (const url of ["", " , ", "http://h", "ws://u:s3cr3t@h", "nats://", "nats://u:s3cr3t@h:70000", "a b"]) {
    assert.throws(() => parseNatsServers(url), (error) => {
      assert.ok(error instanceof InvalidConfigError, url);
      assert.match(error.message, /NATS_URL/);
      return !error.message.includes("s3cr3t");
    });
  }
});

Deno.test("connectNats() says where it connects to, without credentials", () => {
  const { where } = connectNats("nats://u:s3cr3t@h:1,tls://t0ken@[::1]:2");
  assert.equal(where, "nats://h:1, tls://[::1]:2");
});
