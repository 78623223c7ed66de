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
import file10 from "./backtests/backtest_path.js" with { type: "text" };
import file11 from "./backtests/backtest_table.js" with { type: "text" };
import file12 from "./backtests/compare.js" with { type: "text" };
import file13 from "./backtests/read_figures.js" with { type: "text" };
import file14 from "./backtests/result_view.js" with { type: "text" };
import file15 from "./backtests/start_form.js" with { type: "text" };
import file16 from "./bot/actions.js" with { type: "text" };
import file17 from "./bot/bot_store.js" with { type: "text" };
import file18 from "./bot/configuration.js" with { type: "text" };
import file19 from "./bot/difference.js" with { type: "text" };
import file20 from "./bot/ends.js" with { type: "text" };
import file21 from "./bot/figures.js" with { type: "text" };
import file22 from "./bot/history.js" with { type: "text" };
import file23 from "./bot/log_panel.js" with { type: "text" };
import file24 from "./bot/log_store.js" with { type: "text" };
import file25 from "./bot/samples.js" with { type: "text" };
import file26 from "./bot/versions.js" with { type: "text" };
import file27 from "./components/action_button.js" with { type: "text" };
import file28 from "./components/chart.js" with { type: "text" };
import file29 from "./components/chip.js" with { type: "text" };
import file30 from "./components/confirm.js" with { type: "text" };
import file31 from "./components/dialog.js" with { type: "text" };
import file32 from "./components/html.js" with { type: "text" };
import file33 from "./components/last_lines.js" with { type: "text" };
import file34 from "./components/line_details.js" with { type: "text" };
import file35 from "./components/log_view.js" with { type: "text" };
import file36 from "./components/output.js" with { type: "text" };
import file37 from "./components/plot.js" with { type: "text" };
import file38 from "./components/say.js" with { type: "text" };
import file39 from "./components/spark.js" with { type: "text" };
import file40 from "./components/three_times.js" with { type: "text" };
import file41 from "./components/time.js" with { type: "text" };
import file42 from "./components/virtual.js" with { type: "text" };
import file43 from "./logs/histogram.js" with { type: "text" };
import file44 from "./logs/hits.js" with { type: "text" };
import file45 from "./logs/log_search.js" with { type: "text" };
import file46 from "./overview/bot_table.js" with { type: "text" };
import file47 from "./overview/counters.js" with { type: "text" };
import file48 from "./overview/needs_you.js" with { type: "text" };
import file49 from "./overview/next_runs.js" with { type: "text" };
import file50 from "./overview/this_service.js" with { type: "text" };
import file51 from "./overview/view.js" with { type: "text" };
import file52 from "./pages/backtest.js" with { type: "text" };
import file53 from "./pages/backtests.js" with { type: "text" };
import file54 from "./pages/bot.js" with { type: "text" };
import file55 from "./pages/logs.js" with { type: "text" };
import file56 from "./pages/nowhere.js" with { type: "text" };
import file57 from "./pages/overview.js" with { type: "text" };
import file58 from "./pages/schedule.js" with { type: "text" };
import file59 from "./pages/schedules.js" with { type: "text" };
import file60 from "./schedules/actions.js" with { type: "text" };
import file61 from "./schedules/recent_runs.js" with { type: "text" };
import file62 from "./schedules/runs.js" with { type: "text" };
import file63 from "./schedules/schedule_store.js" with { type: "text" };
import file64 from "./schedules/schedule_table.js" with { type: "text" };
import file65 from "./schedules/strip.js" with { type: "text" };
import file66 from "./schedules/week.js" with { type: "text" };
import file67 from "./store/api.js" with { type: "text" };
import file68 from "./store/bots.js" with { type: "text" };
import file69 from "./store/connection.js" with { type: "text" };
import file70 from "./store/now.js" with { type: "text" };
import file71 from "./store/problem.js" with { type: "text" };
import file72 from "./store/read_stream.js" with { type: "text" };
import file73 from "./store/repeat.js" with { type: "text" };
import file74 from "./store/schedules.js" with { type: "text" };
import file75 from "./store/service.js" with { type: "text" };
import file76 from "./store/session.js" with { type: "text" };
import file77 from "./store/usage.js" with { type: "text" };
import file78 from "./store/watching.js" with { type: "text" };
import file79 from "./style/backtests.css" with { type: "text" };
import file80 from "./style/base.css" with { type: "text" };
import file81 from "./style/bot.css" with { type: "text" };
import file82 from "./style/icon.svg" with { type: "text" };
import file83 from "./style/logs.css" with { type: "text" };
import file84 from "./style/overview.css" with { type: "text" };
import file85 from "./style/parts.css" with { type: "text" };
import file86 from "./style/schedules.css" with { type: "text" };
import file87 from "./style/tokens.css" with { type: "text" };
import file88 from "./text/ansi.js" with { type: "text" };
import file89 from "./text/as_text.js" with { type: "text" };
import file90 from "./text/condition.js" with { type: "text" };
import file91 from "./text/exact_json.js" with { type: "text" };
import file92 from "./text/format.js" with { type: "text" };
import file93 from "./text/log_text.js" with { type: "text" };
import file94 from "./text/plain_text.js" with { type: "text" };
import file95 from "./text/states.js" with { type: "text" };
import file96 from "./text/zone_time.js" with { type: "text" };

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
  "backtests/backtest_path.js": text(file10),
  "backtests/backtest_table.js": text(file11),
  "backtests/compare.js": text(file12),
  "backtests/read_figures.js": text(file13),
  "backtests/result_view.js": text(file14),
  "backtests/start_form.js": text(file15),
  "bot/actions.js": text(file16),
  "bot/bot_store.js": text(file17),
  "bot/configuration.js": text(file18),
  "bot/difference.js": text(file19),
  "bot/ends.js": text(file20),
  "bot/figures.js": text(file21),
  "bot/history.js": text(file22),
  "bot/log_panel.js": text(file23),
  "bot/log_store.js": text(file24),
  "bot/samples.js": text(file25),
  "bot/versions.js": text(file26),
  "components/action_button.js": text(file27),
  "components/chart.js": text(file28),
  "components/chip.js": text(file29),
  "components/confirm.js": text(file30),
  "components/dialog.js": text(file31),
  "components/html.js": text(file32),
  "components/last_lines.js": text(file33),
  "components/line_details.js": text(file34),
  "components/log_view.js": text(file35),
  "components/output.js": text(file36),
  "components/plot.js": text(file37),
  "components/say.js": text(file38),
  "components/spark.js": text(file39),
  "components/three_times.js": text(file40),
  "components/time.js": text(file41),
  "components/virtual.js": text(file42),
  "logs/histogram.js": text(file43),
  "logs/hits.js": text(file44),
  "logs/log_search.js": text(file45),
  "overview/bot_table.js": text(file46),
  "overview/counters.js": text(file47),
  "overview/needs_you.js": text(file48),
  "overview/next_runs.js": text(file49),
  "overview/this_service.js": text(file50),
  "overview/view.js": text(file51),
  "pages/backtest.js": text(file52),
  "pages/backtests.js": text(file53),
  "pages/bot.js": text(file54),
  "pages/logs.js": text(file55),
  "pages/nowhere.js": text(file56),
  "pages/overview.js": text(file57),
  "pages/schedule.js": text(file58),
  "pages/schedules.js": text(file59),
  "schedules/actions.js": text(file60),
  "schedules/recent_runs.js": text(file61),
  "schedules/runs.js": text(file62),
  "schedules/schedule_store.js": text(file63),
  "schedules/schedule_table.js": text(file64),
  "schedules/strip.js": text(file65),
  "schedules/week.js": text(file66),
  "store/api.js": text(file67),
  "store/bots.js": text(file68),
  "store/connection.js": text(file69),
  "store/now.js": text(file70),
  "store/problem.js": text(file71),
  "store/read_stream.js": text(file72),
  "store/repeat.js": text(file73),
  "store/schedules.js": text(file74),
  "store/service.js": text(file75),
  "store/session.js": text(file76),
  "store/usage.js": text(file77),
  "store/watching.js": text(file78),
  "style/backtests.css": text(file79),
  "style/base.css": text(file80),
  "style/bot.css": text(file81),
  "style/icon.svg": text(file82),
  "style/logs.css": text(file83),
  "style/overview.css": text(file84),
  "style/parts.css": text(file85),
  "style/schedules.css": text(file86),
  "style/tokens.css": text(file87),
  "text/ansi.js": text(file88),
  "text/as_text.js": text(file89),
  "text/condition.js": text(file90),
  "text/exact_json.js": text(file91),
  "text/format.js": text(file92),
  "text/log_text.js": text(file93),
  "text/plain_text.js": text(file94),
  "text/states.js": text(file95),
  "text/zone_time.js": text(file96),
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
