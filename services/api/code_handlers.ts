/**
 * Handles the operations on code.
 *
 * @module
 */

import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import { archiveKey } from "../documents/archive_key.ts";
import { CodeArchives } from "./code_archives.ts";
import { filePathOf } from "./deployed_revision.ts";
import type { Handlers } from "./handlers.ts";
import type { VersionTools } from "./version_tools.ts";

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 * @param tools Remove what nothing needs; remember the hashes of archives.
 */
export function codeHandlers(
  parts: ApiParts,
  { retention, hashes }: Pick<VersionTools, "retention" | "hashes">,
): Handlers<"getCode" | "putCode" | "listVersions" | "pruneCode"> {
  const archives = new CodeArchives({ ...parts, hashes });
  return {
    async getCode({ params: { id, version, build }, signal }) {
      // The caller deploys it next, without uploading it.
      retention.claim(archiveKey(id, { version, build }));
      const code = await archives.find(id, { version, build }, signal);
      if (code) return { body: code };
      throw new ApiProblem(
        404,
        "code/not-found",
        `Build ${build} of version '${version}' of '${id}' is not stored.`,
      );
    },

    async putCode({ params: { id, version }, query: { sha256 }, body, header, signal }) {
      const announced = Number(header("content-length") ?? 0);
      const { code, isNew } = await archives.add(id, version, { body, sha256, announced }, signal);
      retention.claim(code.filePath);
      return { status: isNew ? 201 : 200, body: code };
    },

    async pruneCode({ body: { id, dryRun }, signal }) {
      const objects = id === undefined
        ? await retention.pruneAll({ dryRun, signal })
        : await retention.prune(id, { dryRun, signal });
      return { body: { objects, bytes: objects.reduce((total, { size }) => total + size, 0) } };
    },

    async listVersions({ params: { id }, signal }) {
      const documents = await Promise.all([
        parts.bots.get(id, { signal }),
        parts.schedules.get(id, { signal }),
      ]);
      const current = documents.map(filePathOf);
      const versions = (await archives.list(id, signal)).map((code) => ({
        ...code,
        isCurrent: current.includes(code.filePath),
      }));
      return { body: { versions } };
    },
  };
}
