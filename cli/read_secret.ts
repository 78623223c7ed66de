/**
 * Reads a value that must not be shown.
 *
 * @module
 */

/** Where a value comes from. */
export interface SecretInput {
  /** Whether a person types it. */
  isTerminal(): boolean;
  /** Switches off what a terminal does by itself: showing what is typed, editing, signals. */
  setRaw(isRaw: boolean): void;
  /** Reads some bytes; `null` at the end. */
  read(bytes: Uint8Array): Promise<number | null>;
}

/** Size of the largest value, in bytes. */
const MAX_BYTES = 65_536;
const [CTRL_C, CTRL_D, BACKSPACE, LINE_FEED, RETURN, DELETE] = [3, 4, 8, 10, 13, 127];

/**
 * Reads a line from a terminal without showing it, or everything from another input.
 *
 * @param input Where the value comes from, for example `Deno.stdin`.
 * @param ask Shows the question, and ends its line afterwards.
 * @returns The value; `undefined` if the person gave up.
 * @throws {RangeError} If it has more than 64 KiB.
 */
export async function readSecret(
  input: SecretInput,
  ask: (text: string) => void,
  question: string,
): Promise<string | undefined> {
  const isTerminal = input.isTerminal();
  if (!isTerminal) return await readAll(input);
  ask(question);
  input.setRaw(true);
  try {
    return await readLine(input);
  } finally {
    input.setRaw(false);
    ask("\n");
  }
}

async function readLine(input: SecretInput): Promise<string | undefined> {
  const typed: number[] = [];
  const bytes = new Uint8Array(1024);
  while (true) {
    const count = await input.read(bytes);
    if (count === null) break;
    for (const byte of bytes.subarray(0, count)) {
      if (byte === CTRL_C) return undefined;
      if (byte === LINE_FEED || byte === RETURN || byte === CTRL_D) return decode(typed);
      if (byte === BACKSPACE || byte === DELETE) {
        // A character may have several bytes.
        while ((typed.pop() ?? 0) >> 6 === 0b10);
      } else typed.push(byte);
    }
    refuseLong(typed.length);
  }
  return decode(typed);
}

async function readAll(input: SecretInput): Promise<string> {
  const bytes = new Uint8Array(MAX_BYTES + 1);
  let length = 0;
  while (length < bytes.length) {
    const count = await input.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  refuseLong(length);
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
}

function decode(bytes: readonly number[]): string {
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

function refuseLong(length: number): void {
  if (length > MAX_BYTES) {
    throw new RangeError("The value has more than 64 KiB; a secret is a key or a certificate.");
  }
}
