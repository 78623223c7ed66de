"use strict";
/* Measures the container by its control group. */
const fs = require("node:fs");

const ROOT = "/sys/fs/cgroup";

/** As Berth takes it; undefined where the container does not see its control group. */
function readUsage() {
  return readVersion2() ?? readVersion1();
}

/** How many processes the kernel has ended at the memory limit. */
function outOfMemoryKills() {
  for (const path of [`${ROOT}/memory.events`, `${ROOT}/memory/memory.oom_control`]) {
    const found = readTable(path).oom_kill;
    if (found !== undefined) return found;
  }
  return 0;
}

function readVersion2() {
  const { usage_usec: cpu } = readTable(`${ROOT}/cpu.stat`);
  const memory = readNumber(`${ROOT}/memory.current`);
  if (cpu === undefined || memory === undefined) return undefined;
  const droppable = readTable(`${ROOT}/memory.stat`).inactive_file ?? 0;
  return described(
    cpu / 1e6,
    memory - droppable,
    readNumber(`${ROOT}/memory.max`),
    readNumber(`${ROOT}/pids.current`),
  );
}

function readVersion1() {
  const cpu = readNumber(`${ROOT}/cpuacct/cpuacct.usage`) ?? readNumber(`${ROOT}/cpu,cpuacct/cpuacct.usage`);
  const memory = readNumber(`${ROOT}/memory/memory.usage_in_bytes`);
  if (cpu === undefined || memory === undefined) return undefined;
  const droppable = readTable(`${ROOT}/memory/memory.stat`).total_inactive_file ?? 0;
  const limit = readNumber(`${ROOT}/memory/memory.limit_in_bytes`);
  return described(cpu / 1e9, memory - droppable, limit, readNumber(`${ROOT}/pids/pids.current`));
}

function described(cpuSeconds, memory, limit, processes) {
  return {
    cpuSeconds,
    memoryBytes: Math.max(0, memory),
    ...(limit !== undefined && limit < 2 ** 53 && { memoryLimitBytes: limit }),
    ...(processes !== undefined && { processes }),
  };
}

function readNumber(path) {
  const value = parseInt(read(path), 10);
  return Number.isNaN(value) ? undefined : value;
}

function readTable(path) {
  return Object.fromEntries(
    read(path).split("\n").filter(Boolean).map((line) => {
      const [name, value] = line.split(" ");
      return [name, Number(value)];
    }),
  );
}

function read(path) {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

module.exports = { outOfMemoryKills, readUsage };
