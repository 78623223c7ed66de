/**
 * Handles the operations on deployments.
 *
 * @module
 */

import { parseBotDocument } from "../documents/bot_document.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import { CodeArchives } from "./code_archives.ts";
import { Deployer, filePathOf, revisionOf } from "./deployer.ts";
import type { DocumentWriter } from "./document_writer.ts";
import type { Handlers } from "./handlers.ts";

/**
 * Makes the handlers.
 *
 * @param parts What the API works with.
 * @param writer Writes documents.
 */
export function deploymentHandlers(
  parts: ApiParts,
  writer: DocumentWriter,
): Handlers<"getDeployment" | "deploy"> {
  const deployer = new Deployer({ ...parts, writer, code: new CodeArchives(parts) });
  return {
    async getDeployment({ params: { id }, signal }) {
      const found = await deployer.find(id, signal);
      if (!found) {
        throw new ApiProblem(404, "deployment/not-found", `There is no bot or schedule '${id}'.`, {
          advice: "'berth ps' lists them.",
        });
      }
      const { kind, document } = found;
      const parsed = parseBotDocument(document);
      const filePath = filePathOf(document);
      return {
        body: {
          id,
          kind: kind === "bots" ? "bot" : "schedule",
          enabled: parsed.enabled,
          ...(parsed.status === "valid" && { version: parsed.executable.version }),
          ...(filePath !== undefined && { filePath }),
          revision: revisionOf(document),
        },
      };
    },

    async deploy({ body, signal }) {
      const deployed = await deployer.deploy(body, signal);
      return { status: deployed.isNew && !body.dryRun ? 201 : 200, body: deployed };
    },
  };
}
