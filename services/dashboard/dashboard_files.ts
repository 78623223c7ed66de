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
import file10 from "./bot/actions.js" with { type: "text" };
import file11 from "./bot/bot_store.js" with { type: "text" };
import file12 from "./bot/configuration.js" with { type: "text" };
import file13 from "./bot/difference.js" with { type: "text" };
import file14 from "./bot/ends.js" with { type: "text" };
import file15 from "./bot/figures.js" with { type: "text" };
import file16 from "./bot/history.js" with { type: "text" };
import file17 from "./bot/log_panel.js" with { type: "text" };
import file18 from "./bot/log_store.js" with { type: "text" };
import file19 from "./bot/samples.js" with { type: "text" };
import file20 from "./bot/versions.js" with { type: "text" };
import file21 from "./components/action_button.js" with { type: "text" };
import file22 from "./components/chart.js" with { type: "text" };
import file23 from "./components/chip.js" with { type: "text" };
import file24 from "./components/confirm.js" with { type: "text" };
import file25 from "./components/dialog.js" with { type: "text" };
import file26 from "./components/html.js" with { type: "text" };
import file27 from "./components/last_lines.js" with { type: "text" };
import file28 from "./components/line_details.js" with { type: "text" };
import file29 from "./components/log_view.js" with { type: "text" };
import file30 from "./components/say.js" with { type: "text" };
import file31 from "./components/spark.js" with { type: "text" };
import file32 from "./components/time.js" with { type: "text" };
import file33 from "./components/virtual.js" with { type: "text" };
import file34 from "./overview/bot_table.js" with { type: "text" };
import file35 from "./overview/counters.js" with { type: "text" };
import file36 from "./overview/needs_you.js" with { type: "text" };
import file37 from "./overview/next_runs.js" with { type: "text" };
import file38 from "./overview/this_service.js" with { type: "text" };
import file39 from "./overview/view.js" with { type: "text" };
import file40 from "./pages/bot.js" with { type: "text" };
import file41 from "./pages/nowhere.js" with { type: "text" };
import file42 from "./pages/overview.js" with { type: "text" };
import file43 from "./store/api.js" with { type: "text" };
import file44 from "./store/bots.js" with { type: "text" };
import file45 from "./store/connection.js" with { type: "text" };
import file46 from "./store/now.js" with { type: "text" };
import file47 from "./store/problem.js" with { type: "text" };
import file48 from "./store/read_stream.js" with { type: "text" };
import file49 from "./store/repeat.js" with { type: "text" };
import file50 from "./store/schedules.js" with { type: "text" };
import file51 from "./store/service.js" with { type: "text" };
import file52 from "./store/session.js" with { type: "text" };
import file53 from "./store/usage.js" with { type: "text" };
import file54 from "./style/base.css" with { type: "text" };
import file55 from "./style/bot.css" with { type: "text" };
import file56 from "./style/icon.svg" with { type: "text" };
import file57 from "./style/overview.css" with { type: "text" };
import file58 from "./style/parts.css" with { type: "text" };
import file59 from "./style/tokens.css" with { type: "text" };
import file60 from "./text/ansi.js" with { type: "text" };
import file61 from "./text/condition.js" with { type: "text" };
import file62 from "./text/exact_json.js" with { type: "text" };
import file63 from "./text/format.js" with { type: "text" };
import file64 from "./text/log_text.js" with { type: "text" };
import file65 from "./text/plain_text.js" with { type: "text" };
import file66 from "./text/states.js" with { type: "text" };

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
  "bot/actions.js": text(file10),
  "bot/bot_store.js": text(file11),
  "bot/configuration.js": text(file12),
  "bot/difference.js": text(file13),
  "bot/ends.js": text(file14),
  "bot/figures.js": text(file15),
  "bot/history.js": text(file16),
  "bot/log_panel.js": text(file17),
  "bot/log_store.js": text(file18),
  "bot/samples.js": text(file19),
  "bot/versions.js": text(file20),
  "components/action_button.js": text(file21),
  "components/chart.js": text(file22),
  "components/chip.js": text(file23),
  "components/confirm.js": text(file24),
  "components/dialog.js": text(file25),
  "components/html.js": text(file26),
  "components/last_lines.js": text(file27),
  "components/line_details.js": text(file28),
  "components/log_view.js": text(file29),
  "components/say.js": text(file30),
  "components/spark.js": text(file31),
  "components/time.js": text(file32),
  "components/virtual.js": text(file33),
  "overview/bot_table.js": text(file34),
  "overview/counters.js": text(file35),
  "overview/needs_you.js": text(file36),
  "overview/next_runs.js": text(file37),
  "overview/this_service.js": text(file38),
  "overview/view.js": text(file39),
  "pages/bot.js": text(file40),
  "pages/nowhere.js": text(file41),
  "pages/overview.js": text(file42),
  "store/api.js": text(file43),
  "store/bots.js": text(file44),
  "store/connection.js": text(file45),
  "store/now.js": text(file46),
  "store/problem.js": text(file47),
  "store/read_stream.js": text(file48),
  "store/repeat.js": text(file49),
  "store/schedules.js": text(file50),
  "store/service.js": text(file51),
  "store/session.js": text(file52),
  "store/usage.js": text(file53),
  "style/base.css": text(file54),
  "style/bot.css": text(file55),
  "style/icon.svg": text(file56),
  "style/overview.css": text(file57),
  "style/parts.css": text(file58),
  "style/tokens.css": text(file59),
  "text/ansi.js": text(file60),
  "text/condition.js": text(file61),
  "text/exact_json.js": text(file62),
  "text/format.js": text(file63),
  "text/log_text.js": text(file64),
  "text/plain_text.js": text(file65),
  "text/states.js": text(file66),
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
