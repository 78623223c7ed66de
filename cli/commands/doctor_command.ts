/**
 * `berth doctor`: what is there, what is missing, what to do about each.
 *
 * @module
 */

import type { DockerRunnerConfig } from "../../lib/runner/docker_runner_config.ts";
import { hostIdOf } from "../../lib/engine/container_orchestrator.ts";
import {
  EngineUnavailableError,
  formatIssue,
  InvalidConfigError,
  type Issue,
  messageOf,
} from "../../lib/errors.ts";
import { parseServiceConfig, type ServiceConfig } from "../../services/config.ts";
import { checkDisk } from "../check_disk.ts";
import { checkDataDir, checkSecretsDir, checkTempDir } from "../check_folders.ts";
import { checkEngineActs } from "../check_engine_acts.ts";
import { checkApi } from "../check_api.ts";
import { checkDocuments } from "../check_documents.ts";
import { checkNotifications } from "../check_notifications.ts";
import { checkServers, checkService, checkServing, problemFinding } from "../check_servers.ts";
import { type CliContext, EXIT } from "../context.ts";
import { checkImages } from "../check_images.ts";
import type { Finding } from "../finding.ts";
import { misspelledVariables } from "../misspelled_variables.ts";
import { serviceHolders } from "../service_locks.ts";
import type { Style } from "../output/terminal.ts";

/** Options of {@linkcode doctorCommand}. */
export interface DoctorOptions {
  /** Print one JSON document. */
  readonly json: boolean;
}

const OLDEST_DENO = [2, 9] as const;
const OLDEST_API = 1.41;
const STYLES: Readonly<Record<Finding["state"], Style>> = { ok: "green", warning: "yellow", problem: "red" };
/** Memory of Berth itself, with room for what the engine needs besides the bots. */
const MEMORY_OF_BERTH = 512 * 1024 * 1024;

/**
 * Checks everything that Berth needs. Changes nothing, but for making `TEMP_DIR` for a moment.
 *
 * @returns 1 when there is a problem.
 */
export async function doctorCommand({ json }: DoctorOptions, context: CliContext): Promise<number> {
  const findings = await examine(context);
  const { terminal } = context;
  if (json) terminal.out(JSON.stringify(findings, null, 2));
  else {
    const width = Math.max(...findings.map(({ subject }) => subject.length));
    for (const { subject, state, detail, advice } of findings) {
      terminal.out(`${terminal.paint(STYLES[state], state.padEnd(7))}  ${subject.padEnd(width)}  ${detail}`);
      if (advice) terminal.out(`${" ".repeat(width + 11)}${terminal.paint("bold", "do:")} ${advice}`);
    }
  }
  return findings.some(({ state }) => state === "problem") ? EXIT.failed : EXIT.ok;
}

function checkVariables({ variableNames = [] }: CliContext): Finding[] {
  return misspelledVariables(variableNames).map(({ name, meant }) => ({
    subject: "Configuration",
    state: "warning",
    detail: `the variable ${name} is set, and Berth reads no such variable`,
    advice: `rename it if you mean ${meant}`,
  }));
}

async function examine(context: CliContext): Promise<Finding[]> {
  const findings = [checkDeno(Deno.version.deno), ...checkVariables(context)];
  let service: ServiceConfig;
  try {
    service = parseServiceConfig(context.env);
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    return [...findings, ...error.issues.map(configProblem)];
  }
  const config = service.runner;
  const { instance } = config;
  const [engine, folder, secrets, data, probes, store] = await Promise.all([
    checkEngine(config, context),
    checkTempDir(config),
    checkSecretsDir(config),
    service.mongoUri ? [] : checkDataDir(config).then((finding) => [finding]),
    context.probeServers(service, context.signal),
    checkStore(config, context),
  ]);
  const holders = await serviceHolders(service);
  return [
    ...findings,
    { subject: "Configuration", state: "ok", detail: `instance ${instance}, ${storageSummary(service)}` },
    ...engine.findings,
    folder,
    secrets,
    ...data,
    ...checkServers(probes),
    store,
    ...await checkNotifications(service),
    ...checkService(instance, holders, Date.now()),
    ...(Object.keys(holders).length > 0 ? await checkRunning(config.tempDir, instance) : []),
    ...await checkServing(service, probes, engine.hostId),
  ];
}

async function checkRunning(tempDir: string, instance: string): Promise<Finding[]> {
  const api = await checkApi(tempDir, instance);
  return api.state === "ok" ? [api, ...await checkDocuments(tempDir, instance)] : [api];
}

function storageSummary({ mongoUri, natsUrl }: ServiceConfig): string {
  if (!mongoUri) return "the embedded default";
  return `with MongoDB and MinIO, ${natsUrl ? "and NATS" : "without NATS"}`;
}

/** @param version Version of Deno, for example `2.9.6`. */
function checkDeno(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_DENO;
  const fits = major === oldestMajor && minor >= oldestMinor;
  return {
    subject: "Deno",
    state: fits ? "ok" : "problem",
    detail: version,
    ...(!fits && { advice: `install Deno ${OLDEST_DENO.join(".")} or a later 2.x: deno upgrade` }),
  };
}

function configProblem(issue: Issue): Finding {
  return {
    subject: "Configuration",
    state: "problem",
    detail: formatIssue(issue),
    advice: "correct the environment; the README has the table of variables",
  };
}

/** The findings about the engine. */
interface EngineFindings {
  readonly findings: readonly Finding[];
  /** Identifies its host; absent when it does not answer. */
  readonly hostId?: string;
}

async function checkEngine(config: DockerRunnerConfig, context: CliContext): Promise<EngineFindings> {
  const { signal } = context;
  await using orchestrator = await context.createOrchestrator(config);
  try {
    const info = await orchestrator.info({ signal });
    const { version, apiVersion, platform, memoryBytes, cpus, storage, unenforced } = info;
    const old = Number(apiVersion) < OLDEST_API;
    const images = await checkImages(config, orchestrator, signal);
    const findings: Finding[] = [
      {
        subject: "Engine",
        state: old ? "problem" : "ok",
        detail: `${version}, API ${apiVersion}, ${platform}, at ${config.dockerHost}`,
        ...(old && { advice: `install Docker Engine 20.10 or later (API ${OLDEST_API})` }),
      },
      ...await checkEngineActs(orchestrator, signal),
      checkMemory(memoryBytes, cpus, config.resources.memoryBytes),
      ...checkLimits(unenforced),
      ...await checkDisk(config, storage),
      ...images,
    ];
    return { findings, hostId: hostIdOf(info) };
  } catch (error) {
    const advice = isPermissionDenied(error)
      ? "sudo usermod -aG docker $USER, then log in again; or run berth as root"
      : "start Docker, or point DOCKER_HOST at its socket";
    return { findings: [{ subject: "Engine", state: "problem", detail: messageOf(error), advice }] };
  }
}

function isPermissionDenied(error: unknown): boolean {
  const cause = error instanceof EngineUnavailableError ? error.cause : undefined;
  return ["EACCES", "EPERM"].includes(String((cause as { code?: unknown } | undefined)?.code));
}

/**
 * @param total Memory of the engine's host in bytes.
 * @param cpus Its processors.
 * @param perBot Memory limit of one bot in bytes.
 */
function checkMemory(total: number, cpus: number, perBot: number): Finding {
  const bots = Math.floor(Math.max(0, total - MEMORY_OF_BERTH) / perBot);
  const mib = (bytes: number) => `${Math.round(bytes / (1024 * 1024))} MiB`;
  return {
    subject: "Memory",
    state: bots > 0 ? "ok" : "warning",
    detail: `${mib(total)}, ${cpus} processors: room for ${bots} bots that use their whole ${mib(perBot)}`,
    ...(bots === 0 && { advice: "lower BOT_MEMORY_LIMIT_MB, or give the engine more memory" }),
  };
}

/** @param unenforced Limits that the engine's kernel does not enforce. */
function checkLimits(unenforced: readonly string[]): Finding[] {
  if (unenforced.length === 0) return [];
  return [{
    subject: "Limits",
    state: "warning",
    detail: `the kernel of the engine's host does not enforce ${unenforced.join(", ")}`,
    advice: "mount its control groups (memory, cpu, pids); 'docker info' shows them as warnings",
  }];
}

async function checkStore(config: DockerRunnerConfig, context: CliContext): Promise<Finding> {
  const subject = "Objects";
  const { minio, dataDir, buckets } = config;
  if (!minio) return { subject, state: "ok", detail: `folder ${dataDir}/objects` };
  try {
    const store = await context.createStore(config);
    await store.stat(buckets.code, "berth-doctor", { signal: context.signal });
    return { subject, state: "ok", detail: `MinIO at ${minio.host}:${minio.port}` };
  } catch (error) {
    const otherwise =
      "start MinIO, or correct MINIO_ENDPOINT, MINIO_ACCESS_KEY, MINIO_SECRET_KEY and MINIO_SSL";
    return problemFinding(subject, error, otherwise);
  }
}
