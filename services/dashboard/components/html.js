/** Markup as tagged templates: strings that go in are text, whatever they hold. */

import htm from "htm";
import { h } from "preact";

export const html = htm.bind(h);
