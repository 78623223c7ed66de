/**
 * The files of the dashboard by their names. Made by `deno task dashboard-files`.
 *
 * @module
 */

// deno-fmt-ignore-file
// deno-lint-ignore-file

import package1 from "@preact/signals" with { type: "text" };
import package2 from "@preact/signals-core" with { type: "text" };
import package3 from "htm" with { type: "text" };
import package4 from "preact" with { type: "text" };
import package5 from "preact/hooks" with { type: "text" };
import plot from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import plotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import file1 from "./app/connection_banner.js" with { type: "text" };
import file2 from "./app/help_dialog.js" with { type: "text" };
import file3 from "./app/keys.js" with { type: "text" };
import file4 from "./app/login_dialog.js" with { type: "text" };
import file5 from "./app/main.js" with { type: "text" };
import file6 from "./app/router.js" with { type: "text" };
import file7 from "./app/routes.js" with { type: "text" };
import file8 from "./app/shell.js" with { type: "text" };
import file9 from "./app/theme.js" with { type: "text" };
import file10 from "./components/chip.js" with { type: "text" };
import file11 from "./components/dialog.js" with { type: "text" };
import file12 from "./components/html.js" with { type: "text" };
import file13 from "./components/last_lines.js" with { type: "text" };
import file14 from "./components/say.js" with { type: "text" };
import file15 from "./components/spark.js" with { type: "text" };
import file16 from "./components/time.js" with { type: "text" };
import file17 from "./components/virtual.js" with { type: "text" };
import file18 from "./overview/bot_table.js" with { type: "text" };
import file19 from "./overview/counters.js" with { type: "text" };
import file20 from "./overview/needs_you.js" with { type: "text" };
import file21 from "./overview/next_runs.js" with { type: "text" };
import file22 from "./overview/this_service.js" with { type: "text" };
import file23 from "./overview/view.js" with { type: "text" };
import file24 from "./pages/bot.js" with { type: "text" };
import file25 from "./pages/nowhere.js" with { type: "text" };
import file26 from "./pages/overview.js" with { type: "text" };
import file27 from "./store/api.js" with { type: "text" };
import file28 from "./store/bots.js" with { type: "text" };
import file29 from "./store/connection.js" with { type: "text" };
import file30 from "./store/now.js" with { type: "text" };
import file31 from "./store/problem.js" with { type: "text" };
import file32 from "./store/read_stream.js" with { type: "text" };
import file33 from "./store/repeat.js" with { type: "text" };
import file34 from "./store/schedules.js" with { type: "text" };
import file35 from "./store/service.js" with { type: "text" };
import file36 from "./store/session.js" with { type: "text" };
import file37 from "./store/usage.js" with { type: "text" };
import file38 from "./style/base.css" with { type: "text" };
import file39 from "./style/icon.svg" with { type: "text" };
import file40 from "./style/overview.css" with { type: "text" };
import file41 from "./style/parts.css" with { type: "text" };
import file42 from "./style/tokens.css" with { type: "text" };
import file43 from "./text/condition.js" with { type: "text" };
import file44 from "./text/format.js" with { type: "text" };
import file45 from "./text/plain_text.js" with { type: "text" };
import file46 from "./text/states.js" with { type: "text" };

/** Texts by name: with this type of import, the types of a package do not hold. */
const text = (file: unknown): string => file as string;

/** Texts of the files by name: a folder and a name in it. */
export const FILES: Readonly<Record<string, string>> = {
  "packages/signals.js": text(package1),
  "packages/signals-core.js": text(package2),
  "packages/htm.js": text(package3),
  "packages/preact.js": text(package4),
  "packages/preact-hooks.js": text(package5),
  "packages/uplot.js": `${plot}\nexport default uPlot;\n`,
  "packages/uplot.css": text(plotStyle),
  "app/connection_banner.js": text(file1),
  "app/help_dialog.js": text(file2),
  "app/keys.js": text(file3),
  "app/login_dialog.js": text(file4),
  "app/main.js": text(file5),
  "app/router.js": text(file6),
  "app/routes.js": text(file7),
  "app/shell.js": text(file8),
  "app/theme.js": text(file9),
  "components/chip.js": text(file10),
  "components/dialog.js": text(file11),
  "components/html.js": text(file12),
  "components/last_lines.js": text(file13),
  "components/say.js": text(file14),
  "components/spark.js": text(file15),
  "components/time.js": text(file16),
  "components/virtual.js": text(file17),
  "overview/bot_table.js": text(file18),
  "overview/counters.js": text(file19),
  "overview/needs_you.js": text(file20),
  "overview/next_runs.js": text(file21),
  "overview/this_service.js": text(file22),
  "overview/view.js": text(file23),
  "pages/bot.js": text(file24),
  "pages/nowhere.js": text(file25),
  "pages/overview.js": text(file26),
  "store/api.js": text(file27),
  "store/bots.js": text(file28),
  "store/connection.js": text(file29),
  "store/now.js": text(file30),
  "store/problem.js": text(file31),
  "store/read_stream.js": text(file32),
  "store/repeat.js": text(file33),
  "store/schedules.js": text(file34),
  "store/service.js": text(file35),
  "store/session.js": text(file36),
  "store/usage.js": text(file37),
  "style/base.css": text(file38),
  "style/icon.svg": text(file39),
  "style/overview.css": text(file40),
  "style/parts.css": text(file41),
  "style/tokens.css": text(file42),
  "text/condition.js": text(file43),
  "text/format.js": text(file44),
  "text/plain_text.js": text(file45),
  "text/states.js": text(file46),
};

/** Names of files by the names under which modules import them. */
export const PACKAGES: Readonly<Record<string, string>> = {
  "@preact/signals": "packages/signals.js",
  "@preact/signals-core": "packages/signals-core.js",
  "htm": "packages/htm.js",
  "preact": "packages/preact.js",
  "preact/hooks": "packages/preact-hooks.js",
  "uplot": "packages/uplot.js",
};
