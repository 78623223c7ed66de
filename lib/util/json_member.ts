/**
 * Edits members of a JSON object in its text.
 *
 * @module
 */

/** Positions of a member in the text. */
interface Member {
  readonly name: string;
  /** Position of the quote before its name. */
  readonly start: number;
  /** Position of the comma or bracket after its value. */
  readonly end: number;
}

/**
 * Removes a member of an object, and keeps everything else byte for byte.
 *
 * @param text JSON of an object. Anything else is returned unchanged.
 * @param name Name of the member.
 * @returns The text without any member of that name.
 */
export function withoutMember(text: string, name: string): string {
  const members = membersOf(text);
  const kept = members.filter((member) => member.name !== name);
  if (kept.length === members.length) return text;
  const [first, last] = [members[0]!, members.at(-1)!];
  // The comma between two members is removed with the first of them.
  const pieces = members.flatMap((member, i) => {
    if (member.name === name) return [];
    const isLastKept = member === kept.at(-1);
    return [text.slice(member.start, isLastKept ? member.end : members[i + 1]?.start ?? member.end)];
  });
  return text.slice(0, first.start) + pieces.join("") + text.slice(last.end);
}

/** Scans the text once. */
function membersOf(text: string): Member[] {
  const members: Member[] = [];
  let depth = 0;
  let name: string | undefined;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    if (sign === '"') {
      const end = endOfString(text, at);
      if (depth === 1 && name === undefined) {
        name = JSON.parse(text.slice(at, end)) as string;
        start = at;
      }
      at = end - 1;
    } else if (sign === "{" || sign === "[") depth++;
    else if (sign === "}" || sign === "]" || (sign === "," && depth === 1)) {
      if (depth === 1 && name !== undefined) members.push({ name, start, end: at });
      if (depth === 1) name = undefined;
      if (sign !== ",") depth--;
    }
  }
  return members;
}

/** Returns the position after the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}
