/** The resources and metrics of a bot, on one time axis with its restarts and deployments. */

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { Chart } from "../components/chart.js";
import { html } from "../components/html.js";
import { useRepeat } from "../store/repeat.js";
import { bytes, clockTime, exact, percent } from "../text/format.js";
import { plainText } from "../text/plain_text.js";
import { Samples } from "./samples.js";

const MEASURE_MS = 3000;
const SPANS = [["15 min", 900], ["1 h", 3600], ["6 h", 6 * 3600], ["24 h", 24 * 3600], [
  "7 d",
  7 * 24 * 3600,
]];
/** Metrics that are drawn at first. */
const SHOWN = 4;

const LEAST_SPAN = 120;

const MILLION = 1e6;
const axisNumber = (value) =>
  Math.abs(value) >= MILLION
    ? value.toExponential(1)
    : new Intl.NumberFormat("en", { maximumFractionDigits: 4 }).format(value);

/** @param id Id of the bot. @param events Its events. @param limits Its limits. */
export function Figures({ id, events, limits }) {
  const samples = useMemo(() => new Samples(id), [id]);
  const range = useSignal(undefined);
  const span = useSignal(900);
  const isAll = useSignal(false);
  useRepeat((signal) => samples.measure(signal), MEASURE_MS, [samples]);
  useRepeat((signal) => samples.readMetrics(span.value, signal), MEASURE_MS, [samples, span.value]);
  const marks = useMemo(() => marksOf(events.value), [events.value]);
  const { cpu, memory, metrics } = samples.value.value;
  const common = { range, span: shownSpan(span.value, [cpu, ...metrics.map(({ data }) => data)]), marks };
  const shown = isAll.value ? metrics : metrics.slice(0, SHOWN);
  const names = metrics.length - shown.length;
  return html`
    <section aria-labelledby="figures">
      <header class="between">
        <h2 id="figures">Figures</h2>
        ${range.value && html`<button class="quiet" onClick=${() => range.value = undefined}>
          ${clockTime(range.value.from * 1000)} to ${clockTime(range.value.to * 1000)} ×</button>`}
        <div class="push" role="group" aria-label="Time that is shown">
          ${SPANS.map(([name, seconds]) =>
            html`
              <button key=${name} class="quiet" aria-pressed=${span.value === seconds} onClick=${() => {
                span.value = seconds;
                range.value = undefined;
              }}>${name}</button>
            `
          )}
        </div>
      </header>
      <div class="charts">
        <${Chart} key="cpu" ...${common} title="CPU" fromZero leastTop=${0.02} data=${cpu} format=${percent} value=${lastOf(
          cpu,
          percent,
        )} />
        <${Chart} key="memory" ...${common} title="Memory" fromZero isBinary leastTop=${16 * 1024 *
          1024} data=${memory} format=${bytes}
          value=${`${lastOf(memory, bytes)}${limits ? ` of ${limits.memoryMb} MB` : ""}`} />
        ${shown.map(({ name, data }) =>
          html`
            <${Chart} key=${name} ...${common} title=${plainText(name, 60)} data=${data} format=${axisNumber}
              value=${lastOf(data, exact)} />
          `
        )}
      </div>
      <p class="hint faint">
        CPU and memory are measured only while a dashboard or Prometheus asks for them. Drag over a chart to zoom all; a double click shows all again.
        ${names > 0 &&
          html`<button class="quiet" onClick=${() => isAll.value = true}>Show ${names} more</button>`}
      </p>
    </section>
  `;
}

/** A page that was just opened does not begin with an empty quarter of an hour. */
function shownSpan(span, curves) {
  const first = Math.min(...curves.map(([times]) => times[0] ?? Infinity));
  return Math.min(span, Math.max(LEAST_SPAN, (Date.now() / 1000 - first) * 1.02));
}

function lastOf([, values], format) {
  const last = values.findLast((value) => value !== null);
  return last === undefined ? "–" : format(last);
}

function marksOf(events) {
  return events.filter(({ type }) => ["started", "exited", "document"].includes(type))
    .map(({ time, type, text }) => ({ at: Date.parse(time) / 1000, isBad: type === "exited", text }));
}
