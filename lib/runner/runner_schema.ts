/**
 * The variables that configure a runner: values, defaults and descriptions.
 *
 * @module
 */

import { DEFAULT_INSTANCE, DEFAULT_TEMP_DIR } from "../util/api_socket.ts";
import { z } from "zod";
import { DEFAULT_ARCHIVE_LIMITS } from "../archive/archive_limits.ts";
import { LIMIT_RANGES } from "../executable/own_limits.ts";
import { MAX_LOG_INTERVAL_SECONDS } from "./docker_runner_config.ts";
import { about } from "./variable_notes.ts";
import {
  absolutePath,
  bucket,
  builderText,
  DEFAULT_BOT_UIDS,
  flag,
  integer,
  network,
  parseCapabilities,
  parseEndpoint,
  parseImages,
  parseNetworks,
  parseUidRange,
  parseVariableNames,
  parseVaultAddress,
  processors,
  withDefault,
} from "./variable_types.ts";

const MIB = 1024 * 1024;

/** The variables of a runner, with what the documentation says of each. */
export const RUNNER_SCHEMA = z.object({
  BERTH_INSTANCE: withDefault(
    z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "must be 1 to 32 lower-case letters, digits or '-'"),
    DEFAULT_INSTANCE,
  ).meta(
    about("Where things are", "name of this Berth; two on one engine never touch each other's containers"),
  ),
  RUNNER: withDefault(z.enum(["docker", "swarm"], "must be docker or swarm"), "docker").meta(
    about(
      "Where things are",
      "what runs the containers: the Docker Engine of this machine, or a Docker Swarm; see cluster.md",
    ),
  ),
  DOCKER_HOST: withDefault(z.string(), "unix:///var/run/docker.sock").meta(
    about(
      "Where things are",
      "the engine's socket; with RUNNER=swarm also `tcp://host:2376`, and addresses of several managers separated by commas",
    ),
  ),
  DOCKER_CERT_PATH: absolutePath.optional().meta(
    about(
      "Where things are",
      "folder of `ca.pem`, `cert.pem` and `key.pem` for managers over TCP; only with RUNNER=swarm",
    ),
  ),
  BERTH_URLS: z.string().optional().meta(
    about(
      "Where things are",
      "addresses of all Berths' APIs, separated by commas: as the bots of a Swarm reach them, and as Berths that share a MongoDB reach each other; needed with RUNNER=swarm",
    ),
  ),
  BERTH_CA: absolutePath.optional().meta(
    about(
      "Where things are",
      "PEM file of the authority that has signed the certificates at BERTH_URLS, if it is one of your own; the bots of a Swarm get it",
    ),
  ),
  TEMP_DIR: withDefault(absolutePath, DEFAULT_TEMP_DIR).meta(
    about(
      "Where things are",
      "extracted code and the bots' workspaces; must belong to Berth's user and be closed to others",
    ),
  ),
  DATA_DIR: absolutePath.optional().meta(
    about(
      "Where things are",
      "the bots' states, and documents and objects if no servers are configured; a folder of its own, which Berth closes to other users (mode 0700) and refuses if it is open and holds other files",
      "$XDG_DATA_HOME/berth or ~/.local/share/berth; without HOME /var/lib/berth",
    ),
  ),
  MINIO_ENDPOINT: z.string().transform(parseEndpoint).optional().meta(
    about("Servers", "the object store; if absent, objects are in a folder of DATA_DIR"),
  ),
  MINIO_ACCESS_KEY: z.string().optional().meta(
    about("Servers", "name of the key; never logged, never given to a bot"),
  ),
  MINIO_SECRET_KEY: z.string().optional().meta(
    about("Servers", "the key; never logged, never given to a bot"),
  ),
  MINIO_SSL: flag.optional().meta(about("Servers", "whether to use TLS", "false")),
  MINIO_USE_SSL: flag.optional().meta(
    about(
      "Servers",
      "the name that other tools use for MINIO_SSL; contradicting values are rejected",
      "false",
    ),
  ),
  MINIO_CODE_BUCKET: withDefault(bucket, "custom-bots").meta(about("Servers", "bucket of the bots' code")),
  MINIO_BACKTESTS_BUCKET: withDefault(bucket, "test-results").meta(about("Servers", "bucket of the results")),
  MINIO_LOGS_BUCKET: withDefault(bucket, "bot-logs").meta(about("Servers", "bucket of the logs")),
  MINIO_STATE_BUCKET: withDefault(bucket, "bot-state").meta(
    about("Servers", "bucket of the snapshots of the bots' states; see state.md"),
  ),
  RUNTIME_IMAGES: withDefault(z.string().transform(parseImages), {}).meta(
    about(
      "Containers",
      "images of the runtimes; a runtime that is not named keeps its default",
      "those of runtimes.md",
    ),
  ),
  DOCKER_CONFIG: absolutePath.optional().meta(
    about(
      "Containers",
      "folder of Docker's own configuration: the credentials in its config.json (`auths`) are used to pull images",
      "~/.docker",
    ),
  ),
  BOT_MEMORY_LIMIT_MB: withDefault(integer(...LIMIT_RANGES.memoryMb), 512).meta(
    about("Containers", "memory of a container in MiB, swap included; a bot's `memory_mb` comes first"),
  ),
  BOT_CPU_SHARES: withDefault(integer(...LIMIT_RANGES.cpuShares), 512).meta(
    about("Containers", "weight of a container on a busy processor; a bot's `cpu_shares` comes first"),
  ),
  BOT_CPUS: processors.optional().meta(
    about(
      "Containers",
      "most processors that a container may use, for example 0.5; a bot's `cpus` comes first",
      "MAX_BOT_CPUS, else all",
    ),
  ),
  BOT_PIDS_LIMIT: withDefault(integer(...LIMIT_RANGES.pids), 256).meta(
    about("Containers", "processes and threads of a container; a bot's `pids` comes first"),
  ),
  BOT_DISK_LIMIT_MB: withDefault(integer(0, 1_048_576), 2048).meta(
    about(
      "Containers",
      "what a container may write to disk, in MiB; one that writes more is stopped; 0 is no limit; a bot's `disk_mb` comes first",
    ),
  ),
  MAX_BOT_MEMORY_MB: integer(...LIMIT_RANGES.memoryMb).optional().meta(
    about("Containers", "largest `memory_mb` of a bot", "none"),
  ),
  MAX_BOT_CPU_SHARES: integer(...LIMIT_RANGES.cpuShares).optional().meta(
    about("Containers", "largest `cpu_shares` of a bot", "none"),
  ),
  MAX_BOT_CPUS: processors.optional().meta(about("Containers", "largest `cpus` of a bot", "none")),
  MAX_BOT_PIDS: integer(...LIMIT_RANGES.pids).optional().meta(
    about("Containers", "largest `pids` of a bot", "none"),
  ),
  MAX_BOT_DISK_MB: integer(...LIMIT_RANGES.diskMb).optional().meta(
    about("Containers", "largest `disk_mb` of a bot", "none"),
  ),
  BOT_STATE_LIMIT_MB: withDefault(integer(1, 1_048_576), 10_240).meta(
    about("Containers", "largest state that a bot may ask for with `max_mb`, in MiB; see state.md"),
  ),
  BOT_NETWORK: withDefault(network, "host").meta(
    about(
      "Containers",
      "network of the containers; see security.md about the host's network; a bot's `network` comes first",
    ),
  ),
  ALLOWED_BOT_NETWORKS: z.string().transform(parseNetworks).optional().meta(
    about(
      "Containers",
      "networks that a bot may choose by `network`, separated by commas",
      "BOT_NETWORK and those that reach less: bridge if it is host, and none",
    ),
  ),
  BOT_USER: z.string().regex(/^\d{1,9}:\d{1,9}$/, "must be uid:gid, for example 1000:1000").optional().meta(
    about(
      "Containers",
      "one user for all bots, instead of BOT_UID_RANGE; 0:0 on a rootless engine",
      "a user per bot if Berth is root, else Berth's own",
    ),
  ),
  BOT_UID_RANGE: withDefault(z.string().transform(parseUidRange), DEFAULT_BOT_UIDS).meta(
    about(
      "Containers",
      "user ids that bots run as if Berth is root, one per bot; users of this machine are left out",
      "2001000000-2100999999",
    ),
  ),
  BOT_CAPABILITIES: withDefault(z.string().transform(parseCapabilities), []).meta(
    about("Containers", "kernel capabilities that bots keep", "none"),
  ),
  BOT_ALLOW_NEW_PRIVILEGES: withDefault(flag, false).meta(
    about("Containers", "whether setuid programs work"),
  ),
  BOT_LOG_MAX_SIZE_MB: withDefault(integer(1, 10_240), 10).meta(
    about("Logs", "size in MiB of one log file that the engine keeps of a container"),
  ),
  BOT_LOG_MAX_FILES: withDefault(integer(1, 100), 3).meta(
    about("Logs", "number of these files per container"),
  ),
  LOG_INTERVAL: withDefault(integer(1, MAX_LOG_INTERVAL_SECONDS), 30).meta(
    about(
      "Logs",
      "seconds between two writes of a stored log; `config.berth.log_interval_seconds` of a document comes first",
    ),
  ),
  LOG_MODE: withDefault(z.enum(["blocking", "non-blocking"], "must be blocking or non-blocking"), "blocking")
    .meta(
      about(
        "Logs",
        "whether a bot that prints faster than its log is stored waits (`blocking`) or may lose lines (`non-blocking`)",
      ),
    ),
  LOG_FORMAT: withDefault(z.enum(["ndjson", "text"], "must be ndjson or text"), "ndjson").meta(
    about("Logs", "how lines are stored; see logs-and-results.md"),
  ),
  LOG_RETENTION_DAYS: withDefault(integer(0, 36_500), 0).meta(
    about("Logs", "days that stored logs are kept, not counting today; 0 keeps them forever"),
  ),
  STOP_GRACE_SECONDS: withDefault(integer(0, 3600), 30).meta(
    about("Containers", "seconds between SIGTERM and SIGKILL"),
  ),
  START_CONCURRENCY: withDefault(integer(1, 64), 16).meta(
    about("Containers", "starts at the same time; engines are fastest at 4 to 16"),
  ),
  ARCHIVE_MAX_ENTRIES: withDefault(integer(1, 10_000_000), DEFAULT_ARCHIVE_LIMITS.maxEntries).meta(
    about("Code", "files and folders in an archive"),
  ),
  ARCHIVE_MAX_TOTAL_MB: withDefault(integer(1, 1_048_576), DEFAULT_ARCHIVE_LIMITS.maxTotalBytes / MIB).meta(
    about("Code", "extracted size of an archive in MiB"),
  ),
  ARCHIVE_MAX_FILE_MB: withDefault(integer(1, 1_048_576), DEFAULT_ARCHIVE_LIMITS.maxFileBytes / MIB).meta(
    about("Code", "extracted size of one file in MiB"),
  ),
  ARCHIVE_MAX_RATIO: withDefault(integer(1, 1_000_000), DEFAULT_ARCHIVE_LIMITS.maxRatio).meta(
    about("Code", "how many times its size an archive may inflate to, beyond 100 MiB"),
  ),
  CODE_CACHE_MB: withDefault(integer(1, 10_485_760), 2048).meta(
    about(
      "Code",
      "MiB of archives, and of extracted trees, kept for the next start; code in use always stays",
    ),
  ),
  BUILD_MEMORY_LIMIT_MB: withDefault(integer(64, 1_048_576), 1024).meta(
    about("Dependencies", "memory of a builder in MiB, swap included"),
  ),
  BUILD_DISK_LIMIT_MB: withDefault(integer(1, 1_048_576), 4096).meta(
    about("Dependencies", "what a build may write to disk, in MiB"),
  ),
  BUILD_TIMEOUT_SECONDS: withDefault(integer(1, 86_400), 600).meta(
    about("Dependencies", "longest time of a build in seconds"),
  ),
  BUILD_NETWORK: network.optional().meta(
    about("Dependencies", "network of the builders", "BOT_NETWORK; bridge if that is none"),
  ),
  SSL_CERT_FILE: absolutePath.optional().catch(undefined).meta(
    about("Dependencies", "file of authorities, as PEM, that builders trust", "those of the image"),
  ),
  PIP_INDEX_URL: builderText("index of Python packages; may hold a password"),
  PIP_EXTRA_INDEX_URL: builderText("more indexes of Python packages; may hold passwords"),
  PIP_TRUSTED_HOST: builderText("index without TLS, as for pip"),
  UV_DEFAULT_INDEX: builderText("index of Python packages, as for uv"),
  UV_INDEX: builderText("more indexes of Python packages, as for uv"),
  NPM_CONFIG_REGISTRY: builderText("registry of Node packages; may hold a password"),
  HTTP_PROXY: builderText("proxy of the builders"),
  HTTPS_PROXY: builderText("proxy of the builders for TLS"),
  NO_PROXY: builderText("hosts that builders reach without the proxy"),
  SECRETS_DIR: absolutePath.optional().meta(
    about("Secrets", "folder of the files that `file:` references name; see secrets.md", "DATA_DIR/secrets"),
  ),
  SECRETS_RUN_DIR: absolutePath.refine(
    (path) => !/^\/(dev|proc|sys)(\/|$)/.test(path),
    "must not be below /dev, /proc or /sys, where a service without all permissions cannot work",
  ).optional().meta(
    about(
      "Secrets",
      "folder on a tmpfs for the secrets of running containers; the engine must see it at the same path",
      "/run/berth; for other users than root $XDG_RUNTIME_DIR/berth, if that is set",
    ),
  ),
  SECRET_ENV: withDefault(z.string().transform(parseVariableNames), []).meta(
    about("Secrets", "variables of Berth that `env:` references may name, separated by commas", "none"),
  ),
  VAULT_ADDR: z.string().transform(parseVaultAddress).optional().meta(
    about(
      "Secrets",
      "address of Vault or OpenBao for `vault:` references, such as https://vault.example.com:8200",
    ),
  ),
  VAULT_TOKEN_FILE: absolutePath.optional().meta(
    about("Secrets", "file that holds the token for Vault; read at each request"),
  ),
  VAULT_TOKEN: z.string().regex(/^[\x21-\x7e]{1,4096}$/, "must be a token of Vault").optional().meta(
    about("Secrets", "token for Vault, if no file holds it; never logged, never given to a bot"),
  ),
  XDG_RUNTIME_DIR: absolutePath.optional().catch(undefined).meta(
    about("Secrets", "read for the default of SECRETS_RUN_DIR only"),
  ),
  XDG_DATA_HOME: absolutePath.optional().catch(undefined).meta(
    about("Where things are", "read for the default of DATA_DIR only"),
  ),
  HOME: absolutePath.optional().catch(undefined).meta(
    about("Where things are", "read for the default of DATA_DIR only"),
  ),
});
