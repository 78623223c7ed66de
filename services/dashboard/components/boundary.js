/** Contains an error: a part that fails says so, and the rest of the page goes on. */

import { Component, h } from "preact";
import { html } from "./html.js";
import { plainText } from "../text/plain_text.js";

/** `name` is what fails, as a person calls it, for example `The log`. */
export class Boundary extends Component {
  static getDerivedStateFromError(error) {
    return { error };
  }

  componentDidCatch(error) {
    // For whoever mends it.
    console.error(error);
  }

  render({ name, children }, { error }) {
    if (error === undefined) return children;
    return html`
      <section class="panel failed" role="alert">
        <strong>${name} cannot be shown.</strong>
        <p>This is a mistake of the dashboard; your bots are not affected.
          <code>${plainText(error?.message ?? error, 200)}</code></p>
        <div class="row">
          <button onClick=${() => this.setState({ error: undefined })}>Try again</button>
          <a class="button" href="#/bots">All bots</a>
        </div>
      </section>
    `;
  }
}

/** A part of a page in a boundary of its own. @param name See `Boundary`. @param content The part. */
export const part = (name, content) => h(Boundary, { name }, content);
