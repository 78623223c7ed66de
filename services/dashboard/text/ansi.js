// deno-lint-ignore-file no-control-regex
/** Colours of terminals: a line with escape sequences becomes parts with classes. Everything else in them is dropped. */

import { visible } from "./plain_text.js";

const SEQUENCE =
  /\x1b(?:\[([0-9;:]*)m|\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|.)/g;
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/**
 * Splits a line.
 *
 * @param line The line.
 * @returns Parts `{ text, classes, color }`; `color` is a CSS colour if the bot chose one of millions.
 */
export function ansiParts(line) {
  if (!line.includes("\x1b")) return [{ text: visible(line), classes: "" }];
  const parts = [];
  let style = {};
  let at = 0;
  const add = (text) => text !== "" && parts.push({ text: visible(text), ...render(style) });
  for (const match of line.matchAll(SEQUENCE)) {
    add(line.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[1] !== undefined) style = withCodes(style, match[1].split(/[;:]/).map(Number));
  }
  add(line.slice(at));
  return parts;
}

function render({ name, color, isBold, isDim, isItalic, isUnderlined }) {
  const classes = [
    name && `ansi-${name}`,
    color && "ansi-own",
    isBold && "ansi-bold",
    isDim && "faint",
    isItalic && "ansi-italic",
    isUnderlined && "ansi-underline",
  ];
  return { classes: classes.filter(Boolean).join(" "), color };
}

/** Backgrounds are left out: bots choose them for a terminal of one theme. */
function withCodes(before, codes) {
  const style = { ...before };
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at];
    if (code === 0) Object.keys(style).forEach((key) => delete style[key]);
    else if (code === 1) style.isBold = true;
    else if (code === 2) style.isDim = true;
    else if (code === 3) style.isItalic = true;
    else if (code === 4) style.isUnderlined = true;
    else if (code === 22) style.isBold = style.isDim = false;
    else if (code === 23) style.isItalic = false;
    else if (code === 24) style.isUnderlined = false;
    else if (code === 39) style.name = style.color = undefined;
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
      Object.assign(style, { name: NAMES[code % 10], color: undefined });
    } else if (code === 38 || code === 48) {
      const isPalette = codes[at + 1] === 5;
      const rest = isPalette ? codes.slice(at + 2, at + 3) : codes.slice(at + 2, at + 5);
      if (code === 38) {
        Object.assign(style, isPalette ? ofPalette(rest[0]) : { color: rgb(rest), name: undefined });
      }
      at += isPalette ? 2 : 4;
    }
  }
  return style;
}

function ofPalette(index) {
  if (index < 16) return { name: NAMES[index % 8], color: undefined };
  if (index > 231) return { color: rgb(Array(3).fill(8 + 10 * (index - 232))), name: undefined };
  const step = (value) => (value === 0 ? 0 : 55 + 40 * value);
  const cube = index - 16;
  return {
    color: rgb([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(step)),
    name: undefined,
  };
}

const rgb = (values) => `rgb(${values.map((value) => Math.min(255, Math.max(0, value || 0))).join(" ")})`;
