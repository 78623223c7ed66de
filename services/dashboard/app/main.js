/** The start of the dashboard. Read on in `shell.js` (the frame), `routes.js` (the pages) and `../store/`. */

import { render } from "preact";
import { html } from "../components/html.js";
import { connect } from "../store/connection.js";
import { startKeys } from "./keys.js";
import { Shell } from "./shell.js";

startKeys();
render(html`<${Shell} />`, document.getElementById("app"));
connect();
