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
import file30 from "./components/output.js" with { type: "text" };
import file31 from "./components/say.js" with { type: "text" };
import file32 from "./components/spark.js" with { type: "text" };
import file33 from "./components/three_times.js" with { type: "text" };
import file34 from "./components/time.js" with { type: "text" };
import file35 from "./components/virtual.js" with { type: "text" };
import file36 from "./logs/histogram.js" with { type: "text" };
import file37 from "./logs/hits.js" with { type: "text" };
import file38 from "./logs/log_search.js" with { type: "text" };
import file39 from "./overview/bot_table.js" with { type: "text" };
import file40 from "./overview/counters.js" with { type: "text" };
import file41 from "./overview/needs_you.js" with { type: "text" };
import file42 from "./overview/next_runs.js" with { type: "text" };
import file43 from "./overview/this_service.js" with { type: "text" };
import file44 from "./overview/view.js" with { type: "text" };
import file45 from "./pages/bot.js" with { type: "text" };
import file46 from "./pages/logs.js" with { type: "text" };
import file47 from "./pages/nowhere.js" with { type: "text" };
import file48 from "./pages/overview.js" with { type: "text" };
import file49 from "./pages/schedule.js" with { type: "text" };
import file50 from "./pages/schedules.js" with { type: "text" };
import file51 from "./schedules/actions.js" with { type: "text" };
import file52 from "./schedules/recent_runs.js" with { type: "text" };
import file53 from "./schedules/runs.js" with { type: "text" };
import file54 from "./schedules/schedule_store.js" with { type: "text" };
import file55 from "./schedules/schedule_table.js" with { type: "text" };
import file56 from "./schedules/strip.js" with { type: "text" };
import file57 from "./schedules/week.js" with { type: "text" };
import file58 from "./store/api.js" with { type: "text" };
import file59 from "./store/bots.js" with { type: "text" };
import file60 from "./store/connection.js" with { type: "text" };
import file61 from "./store/now.js" with { type: "text" };
import file62 from "./store/problem.js" with { type: "text" };
import file63 from "./store/read_stream.js" with { type: "text" };
import file64 from "./store/repeat.js" with { type: "text" };
import file65 from "./store/schedules.js" with { type: "text" };
import file66 from "./store/service.js" with { type: "text" };
import file67 from "./store/session.js" with { type: "text" };
import file68 from "./store/usage.js" with { type: "text" };
import file69 from "./style/base.css" with { type: "text" };
import file70 from "./style/bot.css" with { type: "text" };
import file71 from "./style/icon.svg" with { type: "text" };
import file72 from "./style/logs.css" with { type: "text" };
import file73 from "./style/overview.css" with { type: "text" };
import file74 from "./style/parts.css" with { type: "text" };
import file75 from "./style/schedules.css" with { type: "text" };
import file76 from "./style/tokens.css" with { type: "text" };
import file77 from "./text/ansi.js" with { type: "text" };
import file78 from "./text/condition.js" with { type: "text" };
import file79 from "./text/exact_json.js" with { type: "text" };
import file80 from "./text/format.js" with { type: "text" };
import file81 from "./text/log_text.js" with { type: "text" };
import file82 from "./text/plain_text.js" with { type: "text" };
import file83 from "./text/states.js" with { type: "text" };
import file84 from "./text/zone_time.js" with { type: "text" };

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
  "components/output.js": text(file30),
  "components/say.js": text(file31),
  "components/spark.js": text(file32),
  "components/three_times.js": text(file33),
  "components/time.js": text(file34),
  "components/virtual.js": text(file35),
  "logs/histogram.js": text(file36),
  "logs/hits.js": text(file37),
  "logs/log_search.js": text(file38),
  "overview/bot_table.js": text(file39),
  "overview/counters.js": text(file40),
  "overview/needs_you.js": text(file41),
  "overview/next_runs.js": text(file42),
  "overview/this_service.js": text(file43),
  "overview/view.js": text(file44),
  "pages/bot.js": text(file45),
  "pages/logs.js": text(file46),
  "pages/nowhere.js": text(file47),
  "pages/overview.js": text(file48),
  "pages/schedule.js": text(file49),
  "pages/schedules.js": text(file50),
  "schedules/actions.js": text(file51),
  "schedules/recent_runs.js": text(file52),
  "schedules/runs.js": text(file53),
  "schedules/schedule_store.js": text(file54),
  "schedules/schedule_table.js": text(file55),
  "schedules/strip.js": text(file56),
  "schedules/week.js": text(file57),
  "store/api.js": text(file58),
  "store/bots.js": text(file59),
  "store/connection.js": text(file60),
  "store/now.js": text(file61),
  "store/problem.js": text(file62),
  "store/read_stream.js": text(file63),
  "store/repeat.js": text(file64),
  "store/schedules.js": text(file65),
  "store/service.js": text(file66),
  "store/session.js": text(file67),
  "store/usage.js": text(file68),
  "style/base.css": text(file69),
  "style/bot.css": text(file70),
  "style/icon.svg": text(file71),
  "style/logs.css": text(file72),
  "style/overview.css": text(file73),
  "style/parts.css": text(file74),
  "style/schedules.css": text(file75),
  "style/tokens.css": text(file76),
  "text/ansi.js": text(file77),
  "text/condition.js": text(file78),
  "text/exact_json.js": text(file79),
  "text/format.js": text(file80),
  "text/log_text.js": text(file81),
  "text/plain_text.js": text(file82),
  "text/states.js": text(file83),
  "text/zone_time.js": text(file84),
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
