/**
 * The calendars that Berth ships, as `scripts/make_calendars.py` has written them. They are text until somebody uses
 * them.
 *
 * @module
 */

import always5 from "./data/24-5.json" with { type: "text" };
import always7 from "./data/24-7.json" with { type: "text" };
import BVMF from "./data/BVMF.json" with { type: "text" };
import CMES from "./data/CMES.json" with { type: "text" };
import XAMS from "./data/XAMS.json" with { type: "text" };
import XASX from "./data/XASX.json" with { type: "text" };
import XBOM from "./data/XBOM.json" with { type: "text" };
import XCBF from "./data/XCBF.json" with { type: "text" };
import XETR from "./data/XETR.json" with { type: "text" };
import XEUR from "./data/XEUR.json" with { type: "text" };
import XHKG from "./data/XHKG.json" with { type: "text" };
import XJSE from "./data/XJSE.json" with { type: "text" };
import XKRX from "./data/XKRX.json" with { type: "text" };
import XLON from "./data/XLON.json" with { type: "text" };
import XMAD from "./data/XMAD.json" with { type: "text" };
import XMIL from "./data/XMIL.json" with { type: "text" };
import XNAS from "./data/XNAS.json" with { type: "text" };
import XNYS from "./data/XNYS.json" with { type: "text" };
import XPAR from "./data/XPAR.json" with { type: "text" };
import XSES from "./data/XSES.json" with { type: "text" };
import XSHG from "./data/XSHG.json" with { type: "text" };
import XSTO from "./data/XSTO.json" with { type: "text" };
import XSWX from "./data/XSWX.json" with { type: "text" };
import XTAI from "./data/XTAI.json" with { type: "text" };
import XTKS from "./data/XTKS.json" with { type: "text" };
import XTSE from "./data/XTSE.json" with { type: "text" };
import us_futures from "./data/us_futures.json" with { type: "text" };

/** The content of each calendar's file, by the name of the calendar. */
export const SHIPPED_CALENDARS: Readonly<Record<string, string>> = {
  "24/5": always5,
  "24/7": always7,
  BVMF,
  CMES,
  XAMS,
  XASX,
  XBOM,
  XCBF,
  XETR,
  XEUR,
  XHKG,
  XJSE,
  XKRX,
  XLON,
  XMAD,
  XMIL,
  XNAS,
  XNYS,
  XPAR,
  XSES,
  XSHG,
  XSTO,
  XSWX,
  XTAI,
  XTKS,
  XTSE,
  us_futures,
};
