/**
 * Explains why a build failed. Pure.
 *
 * @module
 */

import type { ExceededLimit } from "./build_limits.ts";
import type { BuildSettings } from "./build_settings.ts";
import { DependencyError } from "./dependency_error.ts";

/** A build that failed. */
export interface FailedBuild {
  /** Name of the built file, for example `requirements.txt`. */
  readonly what: string;
  /** Reference of the image. */
  readonly image: string;
  /** Its exit code; absent if it was ended for a limit. */
  readonly exitCode?: number;
  /** Whether the kernel killed it at its memory limit. */
  readonly oomKilled?: boolean;
  /** Output of the build program. */
  readonly problem?: string | undefined;
  /** The limit that it exceeded. */
  readonly exceeded?: ExceededLimit;
  /** The end of its output. */
  readonly lines: readonly string[];
  /** The limits. */
  readonly settings: Pick<BuildSettings, "memoryBytes" | "diskBytes" | "timeoutMs">;
}

const MIB = 1024 ** 2;

/** Messages of the tools, each with its advice. The first pattern that fits counts. */
const KNOWN: readonly { readonly pattern: RegExp; readonly advice: (image: string) => string }[] = [
  {
    pattern: /DO NOT MATCH THE HASHES|EINTEGRITY|[Hh]ash(?:es)? mismatch/,
    advice: () =>
      "A package is not the one that the lock names. Find out why before you make the lock again.",
  },
  {
    pattern:
      /Can't verify hashes for these|Git (?:executable not found|operation failed)|looks like a path|path could not be normalized|Distribution not found at: file|[Ee]ditable/,
    advice: () =>
      "A package that comes from a repository or a folder has no hash. Take one that is on an index, or put it into " +
      "the bot's folder and deploy with vendor/ (--vendor).",
  },
  {
    pattern: /In --require-hashes mode|[Hh]ashes are required/,
    advice: () => "The lock is not complete. Remove it and deploy again, which makes a new one.",
  },
  {
    pattern: /needs to be updated, but `--locked`|can only install packages when your package\.json/,
    advice: () =>
      "The lock does not belong to the description. Make it again ('uv lock', 'npm install'), and deploy again.",
  },
  {
    pattern: /No space left|ENOSPC|Disk quota exceeded|EFBIG|File too large/,
    advice: () => "The disk of the service is full, or the build wrote more than BUILD_DISK_LIMIT_MB.",
  },
  {
    pattern:
      /(?:from versions: none|no wheels? |no usable wheels|has no wheels|not a supported wheel|binary (?:is|was) required|no matching (?:platform|Python)|no-build)/i,
    advice: (image) =>
      `The index has no wheel of the package for '${image}': a wheel must fit its Python, its architecture and its C ` +
      "library. Choose another version, or set allow_source_builds: true, which runs the package's own build in the " +
      "builder.",
  },
  {
    pattern: /(?:was not found in the package registry|No matching distribution|E404|404 Not Found)/,
    advice: () => "Check the name and the version of the package.",
  },
  {
    pattern: /(?:EBADPLATFORM|Unsupported platform|notsup)/,
    advice: (image) => `The package does not support the system of '${image}'. Choose another version.`,
  },
  {
    pattern:
      /(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|[Nn]ame resolution|[Tt]imed out|dns error|Failed to (?:fetch|establish)|Connection (?:refused|reset))/,
    advice: () =>
      "The registry does not answer. Bots that are deployed keep running and starting; deploy again later, or set " +
      "HTTPS_PROXY, PIP_INDEX_URL or NPM_CONFIG_REGISTRY of the service.",
  },
  {
    pattern: /CERTIFICATE_VERIFY_FAILED|UnknownIssuer|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/,
    advice: () =>
      "The builder does not trust the registry. SSL_CERT_FILE of the service names a file of authorities.",
  },
  {
    pattern: /No module named pip|npm cannot be started/,
    advice: (image) =>
      `The image '${image}' lacks the tool. Use an image with pip or npm, or deploy with --vendor.`,
  },
];

/**
 * Explains a failure.
 *
 * @param build The build.
 * @returns The error, with the most telling lines of the tool.
 */
export function explainBuild(build: FailedBuild): DependencyError {
  const { what, image, exceeded, exitCode, oomKilled, problem, settings } = build;
  const lines = telling(build.lines);
  const fail = (why: string, advice: string) =>
    new DependencyError("failed", `The dependencies of ${what} cannot be built: ${why}.`, { advice, lines });
  if (exceeded === "time") {
    return fail(
      `the build took longer than ${settings.timeoutMs / 1000} s and was ended`,
      "Deploy again, use fewer packages, or raise BUILD_TIMEOUT_SECONDS.",
    );
  }
  if (exceeded === "disk") {
    return fail(
      `the build wrote more than ${settings.diskBytes / MIB} MiB and was ended`,
      "Use fewer packages, or raise BUILD_DISK_LIMIT_MB.",
    );
  }
  if (oomKilled) {
    return fail(
      `the build needs more than ${settings.memoryBytes / MIB} MiB of memory`,
      "Raise BUILD_MEMORY_LIMIT_MB.",
    );
  }
  const text = [problem ?? "", ...build.lines].join("\n");
  const known = KNOWN.find(({ pattern }) => pattern.test(text));
  const killed = exitCode === 137 ? "the builder was killed" : `the builder ended with exit code ${exitCode}`;
  return fail(
    problem ?? killed,
    known?.advice(image) ?? (problem === undefined ? "Deploy again." : "The lines of the tool say why."),
  );
}

/** Number of lines that an error shows. */
const MAX_LINES = 12;

/** Lines of errors if there are some, else the last ones. */
function telling(lines: readonly string[]): string[] {
  const said = lines.filter((line) =>
    !line.startsWith("berth: ") && !/^(?:Collecting|Downloading|Using cached)/.test(line.trim())
  );
  const first = said.findIndex((line) => /error|×|✘|ERR!/i.test(line));
  return first < 0 ? said.slice(-MAX_LINES) : said.slice(first, first + MAX_LINES);
}
