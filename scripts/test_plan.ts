/**
 * Plans the order in which test files run, and which of them run side by side.
 *
 * @module
 */
import { join } from "node:path";

/** The steps of a run. */
export interface TestPlan {
  /** Run by one `deno test --parallel`: they need no servers and share nothing. */
  unit: string[];
  /** Beside other tests. */
  beside: TestsBeside;
  /** Where documentation has examples to run. */
  documented: string[];
}

/** Test files that run in processes beside each other. Most need servers. */
export interface TestsBeside {
  /** Each in a process of its own, a few at a time and before {@linkcode inProcess} and {@linkcode lanes}. */
  longest: string[];
  /** Many in a process, a few processes at a time: they need no servers, but take longer than a gate may. */
  inProcess: string[];
  /** Several in a process, a few processes at a time: their tests wait more than they compute. */
  lanes: string[];
  /** Each in a process of its own, one at a time, beside the lanes and {@linkcode calm}: their tests hardly compute. */
  waiting: string[];
  /** Each in a process of its own after the lanes, a few at a time, beside nothing else but one of {@linkcode waiting}. */
  calm: string[];
  /** Each in a process of its own at the end, with nothing beside it. */
  alone: string[];
}

const UNIT = "tests/unit";
const IN_PROCESS = ["tests/service", "tests/models"];
const FOLDERS = [UNIT, ...IN_PROCESS, "tests/scripts", "tests/contract", "tests/engine"];
const DOCUMENTED = ["mod.ts", "errors.ts", "lib"];

/** Files that run alone, and why. */
export const ALONE: Readonly<Record<string, string>> = {
  "tests/engine/log_burst.test.ts": "prints as fast as the machine can, and measures memory",
};

/** Files that need a calm machine, and why. One that waits does not disturb them. */
export const CALM: Readonly<Record<string, string>> = {
  "tests/engine/schedule_service_kills.test.ts": "kills services more often than a busy machine starts them",
  "tests/engine/bot_service_fault_points.test.ts":
    "kills a service at each step, and limits the time of its successor",
  "tests/engine/log_collector.test.ts":
    "kills a collector while containers print, and expects no line to be lost",
  "tests/engine/log_burst_losses.test.ts": "prints as fast as the machine can",
  "tests/engine/schedule_service.test.ts": "expects a run in the second of its slot",
  "tests/engine/bot_service_shutdown.test.ts": "holds the end of a service against a time limit",
  "tests/engine/bot_service_idle.test.ts": "counts what an idle service asks of the engine in a given time",
};

/** Files that wait for four fifths of their time or more, for intervals and limits of Berth's; longest first. */
export const WAITING: readonly string[] = [
  "tests/engine/schedule_service_fault_points.test.ts",
  "tests/engine/disk_limit.test.ts",
  "tests/engine/two_hosts.test.ts",
  "tests/engine/bot_service_store_hangs.test.ts",
  "tests/engine/schedule_service_outages.test.ts",
  "tests/engine/bot_service_engine_restart.test.ts",
  "tests/engine/bot_service_mongo_outage.test.ts",
  "tests/engine/log_collector_drops.test.ts",
];

/** The longest of the other files, longest first: begun early, they do not keep one lane busy at the end. */
export const LONGEST: readonly string[] = [
  "tests/engine/docs.test.ts",
  "tests/engine/bot_state.test.ts",
  "tests/engine/bot_service_permissions.test.ts",
  "tests/engine/deploy_command.test.ts",
  "tests/engine/bot_service_history.test.ts",
  "tests/scripts/run_tests.test.ts",
  "tests/engine/dashboard_connection.test.ts",
  "tests/engine/versions.test.ts",
  "tests/engine/operator_day.test.ts",
  "tests/engine/dependencies.test.ts",
  "tests/engine/two_services.test.ts",
  "tests/engine/secrets_service.test.ts",
  "tests/engine/logs_command.test.ts",
];

/** Files that `--fast` runs beside the unit tests: a bot's start, log and end, and a schedule's runs. */
export const FAST: readonly string[] = [
  "tests/engine/docker_runner.test.ts",
  "tests/engine/bot_service_logs.test.ts",
  "tests/engine/schedule_events.test.ts",
];

/**
 * Plans a run.
 *
 * @param paths Files and folders; none for all tests.
 * @param fast Whether to run {@linkcode FAST} instead of all that need servers. Ignored where paths are given.
 */
export function planTests(paths: readonly string[], fast: boolean): TestPlan {
  const roots = paths.length > 0 ? paths : fast ? [UNIT, ...FAST] : FOLDERS;
  const files = [...new Set(roots.flatMap(testFiles))];
  const isIn = (folders: readonly string[]) => (file: string) =>
    folders.some((folder) => file.startsWith(`${folder}/`));
  const isUnit = isIn([UNIT]);
  const isInProcess = isIn(IN_PROCESS);
  const others = files.filter((file) => !isUnit(file) && !isInProcess(file));
  const named = (names: readonly string[]) => names.filter((name) => others.includes(name));
  const [longest, waiting] = [named(LONGEST), named(WAITING)];
  const [calm, alone] = [named(Object.keys(CALM)), named(Object.keys(ALONE))];
  const special = new Set([...longest, ...waiting, ...calm, ...alone]);
  return {
    unit: files.filter(isUnit),
    beside: {
      longest,
      inProcess: files.filter(isInProcess),
      lanes: others.filter((file) => !special.has(file)),
      waiting,
      calm,
      alone,
    },
    documented: paths.length > 0 || fast ? [] : DOCUMENTED.filter(exists),
  };
}

/** Whether there is a file or a folder of this name. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** The file itself, or the test files in the folder, in the order of their names. */
function testFiles(path: string): string[] {
  path = path.replace(/^(?:\.\/)+/, "").replace(/\/+$/, "");
  if (!exists(path)) return [];
  if (!Deno.statSync(path).isDirectory) return [path];
  const entries = [...Deno.readDirSync(path)].sort((a, b) => a.name < b.name ? -1 : 1);
  return entries.flatMap(({ name, isDirectory }) =>
    isDirectory || /[._]test\.ts$/.test(name) ? testFiles(join(path, name)) : []
  );
}
