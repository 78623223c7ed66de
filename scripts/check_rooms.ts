/**
 * Checks who imports whom: each folder imports only the folders that {@linkcode ALLOWED} names, which lie below it, no
 * folders import each other in a circle, and each driver is imported in one folder only.
 *
 * @module
 */
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** A module that imports another one, or a package. Paths are relative to the repository. */
export interface Import {
  from: string;
  /** A path, or the name of a package (`dockerode`, `node:sqlite`). */
  to: string;
}

/** The rules. */
export interface Rules {
  /** Per folder, the folders it may import. The root (`.`) may import all. */
  allowed: Readonly<Record<string, readonly string[]>>;
  /** Per package, the one folder that may import it. */
  drivers: Readonly<Record<string, string>>;
}

const ROOTS = [
  "main.ts",
  "mod.ts",
  "errors.ts",
  "types.ts",
  "lib/archive/extraction_thread.ts",
  "lib/archive/pack_thread.ts",
  "lib/logs/search_thread.ts",
];

const GROUND = ["lib", "lib/util"];

/**
 * From the ground floor up: a folder imports only folders above it in this list, and only those that it names. A new edge is
 * a decision: does this folder really have to know the other one?
 */
const ALLOWED: Rules["allowed"] = {
  "lib": [],
  "lib/util": ["lib"],
  "lib/objects": ["lib"],
  "lib/objects/folder": [...GROUND, "lib/objects"],
  "lib/objects/minio": [...GROUND, "lib/objects"],
  "lib/engine": GROUND,
  "lib/engine/docker": [...GROUND, "lib/engine"],
  "lib/engine/swarm": [...GROUND, "lib/engine", "lib/engine/docker"],
  "lib/archive": GROUND,
  "lib/secrets": [...GROUND, "lib/engine"],
  "lib/executable": [...GROUND, "lib/engine", "lib/secrets"],
  "lib/users": [...GROUND, "lib/engine", "lib/executable"],
  "lib/code": [...GROUND, "lib/archive", "lib/engine", "lib/executable", "lib/objects"],
  "lib/dependencies": [...GROUND, "lib/code", "lib/engine", "lib/executable", "lib/objects", "lib/secrets"],
  "lib/logs": [...GROUND, "lib/engine", "lib/objects"],
  "lib/state": [...GROUND, "lib/code", "lib/executable", "lib/objects"],
  "lib/cluster/supervisor": ["lib"],
  "lib/runner": [
    ...GROUND,
    "lib/archive",
    "lib/code",
    "lib/dependencies",
    "lib/engine",
    "lib/engine/docker",
    "lib/executable",
    "lib/logs",
    "lib/objects",
    "lib/objects/folder",
    "lib/objects/minio",
    "lib/secrets",
    "lib/state",
    "lib/users",
  ],
  "lib/cluster": [
    ...GROUND,
    "lib/archive",
    "lib/cluster/supervisor",
    "lib/code",
    "lib/dependencies",
    "lib/engine",
    "lib/engine/docker",
    "lib/engine/swarm",
    "lib/executable",
    "lib/logs",
    "lib/objects",
    "lib/runner",
    "lib/secrets",
    "lib/users",
  ],
  "services/control": [...GROUND, "lib/runner"],
  "services/calendars": GROUND,
  "services/documents": [...GROUND, "lib/executable", "lib/runner", "lib/secrets", "services/calendars"],
  "services/cron": ["lib/util", "services/calendars", "services/documents"],
  "services/records": ["services/documents"],
  "services/events": [
    ...GROUND,
    "lib/executable",
    "services/control",
    "services/documents",
    "services/records",
  ],
  "services/leases": [...GROUND, "lib/cluster", "services/control", "services/documents"],
  "services/ownership": [
    ...GROUND,
    "lib/cluster",
    "lib/runner",
    "services/control",
    "services/documents",
    "services/leases",
  ],
  "services/notifications": [
    ...GROUND,
    "lib/logs",
    "lib/secrets",
    "services/control",
    "services/documents",
    "services/records",
  ],
  "services/bots": [
    ...GROUND,
    "lib/cluster",
    "lib/executable",
    "lib/logs",
    "lib/runner",
    "services/calendars",
    "services/control",
    "services/documents",
    "services/events",
    "services/leases",
    "services/notifications",
    "services/ownership",
    "services/records",
  ],
  "services/guards": [
    ...GROUND,
    "lib/logs",
    "services/bots",
    "services/control",
    "services/documents",
    "services/notifications",
    "services/records",
  ],
  "services/health": [
    ...GROUND,
    "lib/engine",
    "lib/logs",
    "lib/runner",
    "services/bots",
    "services/documents",
    "services/notifications",
    "services/records",
  ],
  "services/schedules": [
    ...GROUND,
    "lib/cluster",
    "lib/executable",
    "lib/runner",
    "services/calendars",
    "services/control",
    "services/cron",
    "services/documents",
    "services/events",
    "services/leases",
    "services/notifications",
    "services/ownership",
  ],
  "services/revisions": [
    ...GROUND,
    "lib/runner",
    "services/documents",
    "services/records",
    "services/schedules",
  ],
  "services/backtests": [
    ...GROUND,
    "lib/executable",
    "lib/runner",
    "services/control",
    "services/documents",
    "services/ownership",
    "services/records",
  ],
  "services/contract": ["lib/executable", "lib/secrets"],
  "services/dashboard": [],
  "services/metrics": [
    ...GROUND,
    "lib/runner",
    "services/bots",
    "services/contract",
    "services/control",
    "services/documents",
    "services/schedules",
  ],
  "services/api": [
    ...GROUND,
    "lib/archive",
    "lib/code",
    "lib/dependencies",
    "lib/engine",
    "lib/executable",
    "lib/logs",
    "lib/objects",
    "lib/runner",
    "lib/secrets",
    "lib/state",
    "services/backtests",
    "services/bots",
    "services/calendars",
    "services/contract",
    "services/cron",
    "services/dashboard",
    "services/documents",
    "services/guards",
    "services/metrics",
    "services/notifications",
    "services/ownership",
    "services/records",
    "services/revisions",
    "services/schedules",
  ],
  "services/supervisors": [
    ...GROUND,
    "lib/archive",
    "lib/cluster",
    "lib/dependencies",
    "lib/engine",
    "lib/executable",
    "lib/objects",
    "lib/secrets",
    "lib/state",
    "services/api",
    "services/records",
  ],
  "services/mongo": [
    ...GROUND,
    "lib/cluster",
    "lib/objects",
    "services/documents",
    "services/events",
    "services/leases",
    "services/ownership",
    "services/records",
    "services/schedules",
  ],
  "services/sqlite": [
    ...GROUND,
    "lib/cluster",
    "services/documents",
    "services/events",
    "services/leases",
    "services/ownership",
    "services/records",
    "services/schedules",
  ],
  "services/nats": [...GROUND, "services/documents", "services/events"],
  "services": [
    ...GROUND,
    "lib/archive",
    "lib/cluster",
    "lib/cluster/supervisor",
    "lib/logs",
    "lib/objects",
    "lib/runner",
    "lib/secrets",
    "lib/state",
    "services/api",
    "services/backtests",
    "services/bots",
    "services/calendars",
    "services/contract",
    "services/control",
    "services/documents",
    "services/events",
    "services/guards",
    "services/health",
    "services/leases",
    "services/metrics",
    "services/mongo",
    "services/nats",
    "services/notifications",
    "services/ownership",
    "services/records",
    "services/schedules",
    "services/sqlite",
    "services/supervisors",
  ],
  "cli/output": ["lib/engine", "lib/logs", "services/contract"],
  "cli/client": [...GROUND, "services/contract"],
  "cli/deploy": [
    ...GROUND,
    "cli/client",
    "cli/output",
    "lib/archive",
    "lib/dependencies",
    "lib/executable",
    "lib/objects",
    "services/contract",
    "services/documents",
  ],
  "cli/init": ["lib/engine"],
  "cli": [
    ...GROUND,
    "cli/client",
    "cli/deploy",
    "cli/output",
    "lib/engine",
    "lib/executable",
    "lib/objects",
    "lib/runner",
    "lib/secrets",
    "services",
    "services/documents",
  ],
  "cli/demo": [
    "cli",
    "cli/client",
    "cli/deploy",
    "cli/output",
    "lib/engine",
    "lib/runner",
    "lib/util",
    "services",
    "services/bots",
    "services/schedules",
  ],
  "cli/commands": [
    ...GROUND,
    "cli",
    "cli/client",
    "cli/demo",
    "cli/deploy",
    "cli/init",
    "cli/output",
    "lib/engine",
    "lib/executable",
    "lib/logs",
    "lib/runner",
    "lib/secrets",
    "lib/users",
    "services",
    "services/calendars",
    "services/contract",
    "services/cron",
    "services/documents",
  ],
};

const DRIVERS: Rules["drivers"] = {
  "@hono/node-server": "services/api",
  "hono": "services/api",
  "dockerode": "lib/engine/docker",
  "minio": "lib/objects/minio",
  "mongodb": "services/mongo",
  "@nats-io/jetstream": "services/nats",
  "@nats-io/transport-node": "services/nats",
  "node:sqlite": "services/sqlite",
};

/** One line for each import that breaks a rule, for each rule without use, and for each circle of folders. */
export function checkRooms(imports: readonly Import[], rules: Rules): string[] {
  const problems: string[] = [];
  const edges = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    const room = dirname(from);
    const driver = Object.keys(rules.drivers).find((name) => to === name || to.startsWith(`${name}/`));
    if (driver !== undefined && rules.drivers[driver] !== room) {
      problems.push(`${from} imports ${driver}: only ${rules.drivers[driver]} may`);
    }
    const other = dirname(to);
    // Examples and declarations are read as text.
    const isText = to.endsWith(".d.ts") || to.startsWith("examples/");
    if (!to.endsWith(".ts") || isText || other === room) continue;
    if (!edges.has(room)) edges.set(room, new Set());
    edges.get(room)!.add(other);
    if (room === ".") continue;
    const allowed = rules.allowed[room];
    if (allowed === undefined) problems.push(`${from} is in ${room}, which no rule names`);
    else if (!allowed.includes(other)) {
      problems.push(`${from} imports ${to}: ${room} may not import ${other}`);
    }
  }
  problems.push(...checkFloors(rules.allowed, edges));
  const circle = findCircle(edges);
  if (circle) problems.push(`These folders import each other: ${circle.join(" -> ")}`);
  return problems;
}

/** One line for each rule that points upwards, or that no import needs. */
function checkFloors(
  allowed: Rules["allowed"],
  edges: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const rooms = Object.keys(allowed);
  return rooms.flatMap((room, floor) =>
    allowed[room]!.flatMap((other) => {
      if (!rooms.slice(0, floor).includes(other)) {
        return [`The rule of ${room} names ${other}, which is not below it`];
      }
      return edges.get(room)?.has(other) ? [] : [`${room} does not import ${other}: its rule is not needed`];
    })
  );
}

/** The first circle that a depth-first walk meets, from a folder back to itself. */
function findCircle(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  function walk(room: string): string[] | undefined {
    if (path.includes(room)) return [...path.slice(path.indexOf(room)), room];
    if (done.has(room)) return undefined;
    path.push(room);
    for (const next of edges.get(room) ?? []) {
      const circle = walk(next);
      if (circle) return circle;
    }
    path.pop();
    done.add(room);
  }
  for (const room of edges.keys()) {
    const circle = walk(room);
    if (circle) return circle;
  }
}

/** The part of `deno info --json` that is read here. */
interface ModuleGraph {
  modules: {
    specifier: string;
    dependencies?: { specifier: string; code?: { specifier: string }; type?: { specifier: string } }[];
  }[];
}

/** Every import of the modules below a root, types included. */
async function importsOf(root: string, entry: string): Promise<Import[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: root,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { modules }: ModuleGraph = JSON.parse(new TextDecoder().decode(stdout));
  const path = (specifier: string) => relative(root, fileURLToPath(specifier));
  return modules.filter(({ specifier }) => specifier.startsWith("file:")).flatMap((module) =>
    (module.dependencies ?? []).map(({ specifier, code, type }) => {
      const to = (code ?? type)?.specifier ?? specifier;
      return { from: path(module.specifier), to: to.startsWith("file:") ? path(to) : specifier };
    })
  );
}

if (import.meta.main) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const imports = (await Promise.all(ROOTS.map((entry) => importsOf(root, entry)))).flat();
  const problems = [...new Set(checkRooms(imports, { allowed: ALLOWED, drivers: DRIVERS }))];
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) console.error("scripts/check_rooms.ts lists the allowed imports");
  Deno.exit(problems.length > 0 ? 1 : 0);
}
