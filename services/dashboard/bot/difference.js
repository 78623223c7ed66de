/** How two revisions differ: values of the document, and files of the code. */

import { useEffect, useState } from "preact/hooks";
import { html } from "../components/html.js";
import { call } from "../store/api.js";
import { visible } from "../text/plain_text.js";

/** @param id Id of the bot. @param from Number of the earlier revision. @param to Number of the later one. */
export function Difference({ id, from, to }) {
  const [difference, setDifference] = useState(undefined);
  const [problem, setProblem] = useState(undefined);
  useEffect(() => {
    const ending = new AbortController();
    call(`/api/deployments/${encodeURIComponent(id)}/diff`, { query: { from, to }, signal: ending.signal })
      .then(setDifference, (error) => error.name !== "AbortError" && setProblem(error.message));
    return () => ending.abort();
  }, [id, from, to]);
  if (problem) return html`<p class="difference bad">${problem}</p>`;
  if (!difference) return html`<p class="difference faint">Comparing …</p>`;
  const { values, files, problems } = difference;
  return html`
    <div class="difference">
      ${problems.map((one) => html`<p class="warn">${one}</p>`)}
      ${values.length + files.length === 0 &&
        html`<p class="soft">Nothing differs from revision ${from}.</p>`}
      ${values.length > 0 && html`
        <table>
          <thead>
            <tr>
              <th scope="col">Value</th>
              <th scope="col">Revision ${from}</th>
              <th scope="col">Revision ${to}</th>
            </tr>
          </thead>
          <tbody>${values.map(({ path, before, after, isHidden }) =>
            html`
              <tr key=${path}>
                <th scope="row" class="mono">${visible(path)}</th>
                <td class="mono removed">${isHidden ? "(hidden)" : visible(before ?? "–")}</td>
                <td class="mono added">${isHidden ? "(hidden)" : visible(after ?? "–")}</td>
              </tr>
            `
          )}</tbody>
        </table>
      `}
      ${files.map(({ path, change, patch }) =>
        html`
          <details key=${path} open=${files.length < 4}>
            <summary><span class="mono">${visible(path)}</span> <span class="faint">${change}</span></summary>
            ${patch &&
              html`<pre class="patch" tabindex="0" role="region" aria-label=${`Changes of ${
                visible(path)
              }`}>${
                patch.split("\n").map((line) =>
                  html`<span class=${toneOf(line)}>${visible(line)}${"\n"}</span>`
                )
              }</pre>`}
          </details>
        `
      )}
    </div>
  `;
}

const toneOf = (line) =>
  line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : line.startsWith("@@") ? "faint" : "";
