/**
 * Serves the files of the dashboard. They are no part of the API: their addresses change with every build.
 *
 * @module
 */

import type { Hono } from "hono";
import type { Caller } from "./api_parts.ts";
import type { ApiEnv } from "./operation_routes.ts";

/**
 * Adds the routes to an app. Only callers that are logged in get files.
 *
 * @param app The app.
 */
export function addDashboard<E extends ApiEnv>(app: Hono<E>): void {
  app.get("/dashboard/:build/:folder/:file", async ({ req, get }, next) => {
    const caller: Caller | undefined = get("caller");
    if (caller) {
      const { build, folder, file } = req.param();
      // Loaded when the first browser comes.
      const { dashboardFile } = await import("../dashboard/dashboard.ts");
      const response = await dashboardFile((name) => req.header(name), build!, `${folder}/${file}`);
      if (response) return response;
    }
    return await next();
  });
}
