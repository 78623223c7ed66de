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
import file22 from "./bot/guards.js" with { type: "text" };
import file23 from "./bot/health.js" with { type: "text" };
import file24 from "./bot/history.js" with { type: "text" };
import file25 from "./bot/log_panel.js" with { type: "text" };
import file26 from "./bot/log_store.js" with { type: "text" };
import file27 from "./bot/samples.js" with { type: "text" };
import file28 from "./bot/session.js" with { type: "text" };
import file29 from "./bot/versions.js" with { type: "text" };
import file30 from "./components/action_button.js" with { type: "text" };
import file31 from "./components/boundary.js" with { type: "text" };
import file32 from "./components/chart.js" with { type: "text" };
import file33 from "./components/chip.js" with { type: "text" };
import file34 from "./components/confirm.js" with { type: "text" };
import file35 from "./components/dialog.js" with { type: "text" };
import file36 from "./components/html.js" with { type: "text" };
import file37 from "./components/last_lines.js" with { type: "text" };
import file38 from "./components/line_details.js" with { type: "text" };
import file39 from "./components/log_view.js" with { type: "text" };
import file40 from "./components/not_read.js" with { type: "text" };
import file41 from "./components/output.js" with { type: "text" };
import file42 from "./components/plot.js" with { type: "text" };
import file43 from "./components/say.js" with { type: "text" };
import file44 from "./components/spark.js" with { type: "text" };
import file45 from "./components/three_times.js" with { type: "text" };
import file46 from "./components/time.js" with { type: "text" };
import file47 from "./components/virtual.js" with { type: "text" };
import file48 from "./guards/guard_words.js" with { type: "text" };
import file49 from "./guards/latch.js" with { type: "text" };
import file50 from "./guards/read_guards.js" with { type: "text" };
import file51 from "./logs/histogram.js" with { type: "text" };
import file52 from "./logs/hits.js" with { type: "text" };
import file53 from "./logs/log_search.js" with { type: "text" };
import file54 from "./notifications/channels.js" with { type: "text" };
import file55 from "./notifications/deliveries.js" with { type: "text" };
import file56 from "./notifications/incidents.js" with { type: "text" };
import file57 from "./notifications/outcome.js" with { type: "text" };
import file58 from "./overview/bot_table.js" with { type: "text" };
import file59 from "./overview/counters.js" with { type: "text" };
import file60 from "./overview/fleet.js" with { type: "text" };
import file61 from "./overview/needs_you.js" with { type: "text" };
import file62 from "./overview/next_runs.js" with { type: "text" };
import file63 from "./overview/nodes.js" with { type: "text" };
import file64 from "./overview/this_service.js" with { type: "text" };
import file65 from "./overview/view.js" with { type: "text" };
import file66 from "./pages/backtest.js" with { type: "text" };
import file67 from "./pages/backtests.js" with { type: "text" };
import file68 from "./pages/bot.js" with { type: "text" };
import file69 from "./pages/logs.js" with { type: "text" };
import file70 from "./pages/notifications.js" with { type: "text" };
import file71 from "./pages/nowhere.js" with { type: "text" };
import file72 from "./pages/overview.js" with { type: "text" };
import file73 from "./pages/schedule.js" with { type: "text" };
import file74 from "./pages/schedules.js" with { type: "text" };
import file75 from "./schedules/actions.js" with { type: "text" };
import file76 from "./schedules/open_hours.js" with { type: "text" };
import file77 from "./schedules/recent_runs.js" with { type: "text" };
import file78 from "./schedules/runs.js" with { type: "text" };
import file79 from "./schedules/schedule_store.js" with { type: "text" };
import file80 from "./schedules/schedule_table.js" with { type: "text" };
import file81 from "./schedules/strip.js" with { type: "text" };
import file82 from "./schedules/week.js" with { type: "text" };
import file83 from "./store/api.js" with { type: "text" };
import file84 from "./store/bots.js" with { type: "text" };
import file85 from "./store/connection.js" with { type: "text" };
import file86 from "./store/now.js" with { type: "text" };
import file87 from "./store/problem.js" with { type: "text" };
import file88 from "./store/read_stream.js" with { type: "text" };
import file89 from "./store/repeat.js" with { type: "text" };
import file90 from "./store/schedules.js" with { type: "text" };
import file91 from "./store/service.js" with { type: "text" };
import file92 from "./store/session.js" with { type: "text" };
import file93 from "./store/silence.js" with { type: "text" };
import file94 from "./store/usage.js" with { type: "text" };
import file95 from "./store/watching.js" with { type: "text" };
import file96 from "./style/backtests.css" with { type: "text" };
import file97 from "./style/base.css" with { type: "text" };
import file98 from "./style/bot.css" with { type: "text" };
import file99 from "./style/icon.svg" with { type: "text" };
import file100 from "./style/logs.css" with { type: "text" };
import file101 from "./style/notifications.css" with { type: "text" };
import file102 from "./style/overview.css" with { type: "text" };
import file103 from "./style/parts.css" with { type: "text" };
import file104 from "./style/schedules.css" with { type: "text" };
import file105 from "./style/tokens.css" with { type: "text" };
import file106 from "./text/ansi.js" with { type: "text" };
import file107 from "./text/as_text.js" with { type: "text" };
import file108 from "./text/condition.js" with { type: "text" };
import file109 from "./text/exact_json.js" with { type: "text" };
import file110 from "./text/format.js" with { type: "text" };
import file111 from "./text/log_text.js" with { type: "text" };
import file112 from "./text/plain_text.js" with { type: "text" };
import file113 from "./text/states.js" with { type: "text" };
import file114 from "./text/zone_time.js" with { type: "text" };

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
  "bot/guards.js": text(file22),
  "bot/health.js": text(file23),
  "bot/history.js": text(file24),
  "bot/log_panel.js": text(file25),
  "bot/log_store.js": text(file26),
  "bot/samples.js": text(file27),
  "bot/session.js": text(file28),
  "bot/versions.js": text(file29),
  "components/action_button.js": text(file30),
  "components/boundary.js": text(file31),
  "components/chart.js": text(file32),
  "components/chip.js": text(file33),
  "components/confirm.js": text(file34),
  "components/dialog.js": text(file35),
  "components/html.js": text(file36),
  "components/last_lines.js": text(file37),
  "components/line_details.js": text(file38),
  "components/log_view.js": text(file39),
  "components/not_read.js": text(file40),
  "components/output.js": text(file41),
  "components/plot.js": text(file42),
  "components/say.js": text(file43),
  "components/spark.js": text(file44),
  "components/three_times.js": text(file45),
  "components/time.js": text(file46),
  "components/virtual.js": text(file47),
  "guards/guard_words.js": text(file48),
  "guards/latch.js": text(file49),
  "guards/read_guards.js": text(file50),
  "logs/histogram.js": text(file51),
  "logs/hits.js": text(file52),
  "logs/log_search.js": text(file53),
  "notifications/channels.js": text(file54),
  "notifications/deliveries.js": text(file55),
  "notifications/incidents.js": text(file56),
  "notifications/outcome.js": text(file57),
  "overview/bot_table.js": text(file58),
  "overview/counters.js": text(file59),
  "overview/fleet.js": text(file60),
  "overview/needs_you.js": text(file61),
  "overview/next_runs.js": text(file62),
  "overview/nodes.js": text(file63),
  "overview/this_service.js": text(file64),
  "overview/view.js": text(file65),
  "pages/backtest.js": text(file66),
  "pages/backtests.js": text(file67),
  "pages/bot.js": text(file68),
  "pages/logs.js": text(file69),
  "pages/notifications.js": text(file70),
  "pages/nowhere.js": text(file71),
  "pages/overview.js": text(file72),
  "pages/schedule.js": text(file73),
  "pages/schedules.js": text(file74),
  "schedules/actions.js": text(file75),
  "schedules/open_hours.js": text(file76),
  "schedules/recent_runs.js": text(file77),
  "schedules/runs.js": text(file78),
  "schedules/schedule_store.js": text(file79),
  "schedules/schedule_table.js": text(file80),
  "schedules/strip.js": text(file81),
  "schedules/week.js": text(file82),
  "store/api.js": text(file83),
  "store/bots.js": text(file84),
  "store/connection.js": text(file85),
  "store/now.js": text(file86),
  "store/problem.js": text(file87),
  "store/read_stream.js": text(file88),
  "store/repeat.js": text(file89),
  "store/schedules.js": text(file90),
  "store/service.js": text(file91),
  "store/session.js": text(file92),
  "store/silence.js": text(file93),
  "store/usage.js": text(file94),
  "store/watching.js": text(file95),
  "style/backtests.css": text(file96),
  "style/base.css": text(file97),
  "style/bot.css": text(file98),
  "style/icon.svg": text(file99),
  "style/logs.css": text(file100),
  "style/notifications.css": text(file101),
  "style/overview.css": text(file102),
  "style/parts.css": text(file103),
  "style/schedules.css": text(file104),
  "style/tokens.css": text(file105),
  "text/ansi.js": text(file106),
  "text/as_text.js": text(file107),
  "text/condition.js": text(file108),
  "text/exact_json.js": text(file109),
  "text/format.js": text(file110),
  "text/log_text.js": text(file111),
  "text/plain_text.js": text(file112),
  "text/states.js": text(file113),
  "text/zone_time.js": text(file114),
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
