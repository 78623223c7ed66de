/**
 * Handles the operations on deployments.
 *
 * @module
 */

import { describeCondition } from "../bots/bot_condition.ts";
import type { DeploymentProgress, DeploymentWatchView } from "../contract/code.ts";
import { parseBotDocument, type ParsedBotDocument } from "../documents/bot_document.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import { buildResponse } from "./build_response.ts";
import type { DeploymentWatch } from "./deployment_watch.ts";
import { filePathOf, revisionOf } from "./deployed_revision.ts";
import type { Deployer } from "./deployer.ts";
import { purgeData, type PurgeParts } from "./purge_data.ts";
import type { Handlers } from "./handlers.ts";

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 * @param deployer Deploys.
 * @param watch Watches deployments; absent if this process looks after no bots.
 */
export function deploymentHandlers(
  parts: PurgeParts,
  deployer: Deployer,
  watch?: Pick<DeploymentWatch, "wake">,
): Handlers<"getDeployment" | "buildDependencies" | "deploy" | "purge"> {
  async function watchOf(id: string, signal: AbortSignal): Promise<{ watch?: DeploymentWatchView }> {
    const watch = await parts.watches.get(id, { signal });
    if (!watch) return {};
    const { actor: _actor, ...shown } = watch;
    return { watch: shown };
  }

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
          ...await watchOf(id, signal),
          ...(kind === "bots" && progressOf(id, parsed, parts)),
        },
      };
    },

    purge: async ({ params: { id }, signal }) => ({ body: await purgeData(id, parts, signal) }),

    buildDependencies: ({ body, signal }) => buildResponse(deployer, body, signal),

    async deploy({ body, caller, signal }) {
      const deployed = await deployer.deploy(body, caller.name, signal);
      if (body.watchSeconds !== undefined) watch?.wake();
      return { status: deployed.isNew && !body.dryRun ? 201 : 200, body: deployed };
    },
  };
}

function progressOf(
  id: string,
  parsed: ParsedBotDocument,
  { botService, runner }: ApiParts,
): { progress?: DeploymentProgress } {
  const status = botService?.state.getRunningBot(id);
  if (!status) return {};
  const { condition, specHash, containerId, startedAt } = status;
  const isCurrent = parsed.status === "valid"
    ? specHash === runner.specHash(parsed.executable)
    : condition.type === "invalid";
  return {
    progress: {
      state: condition.type,
      condition: describeCondition(condition),
      isCurrent,
      ...(containerId !== undefined && { containerId }),
      ...(startedAt && { startedAt: startedAt.toISOString() }),
    },
  };
}
