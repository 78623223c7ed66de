/**
 * Reads from the first bytes of a file what program it is. Pure.
 *
 * @module
 */

/** A program for the Linux kernel, in the format ELF. */
export interface ElfProgram {
  /** Processor that it is for, in the words of container engines, for example `amd64`. */
  readonly architecture: string;
  /** Path of the loader that it needs in its image; absent if it is linked statically. */
  readonly loader?: string;
}

/** Number of bytes that {@linkcode readProgramHead} looks at. */
export const PROGRAM_HEAD_BYTES: number = 64 * 1024;

const ELF = [0x7f, 0x45, 0x4c, 0x46];
/** Architectures by `e_machine`, for little and for big endian. */
const MACHINES: Readonly<Record<number, readonly [little: string, big: string]>> = {
  3: ["386", "386"],
  8: ["mipsle", "mips"],
  20: ["ppc", "ppc"],
  21: ["ppc64le", "ppc64"],
  22: ["s390x", "s390x"],
  40: ["arm", "armbe"],
  62: ["amd64", "amd64"],
  183: ["arm64", "arm64be"],
  243: ["riscv64", "riscv64"],
  258: ["loong64", "loong64"],
};
const TYPE_EXECUTABLE = 2;
const TYPE_SHARED = 3;
const SEGMENT_INTERPRETER = 3;
/** First bytes of other files. */
const OTHERS: readonly (readonly [magic: readonly number[], what: string])[] = [
  [[0x23, 0x21], "is a script"],
  [[0x4d, 0x5a], "is a program for Windows or .NET"],
  [[0x50, 0x4b], "is a ZIP archive, such as a Java program"],
  [[0xcf, 0xfa, 0xed, 0xfe], "is a program for macOS"],
  [[0xca, 0xfe, 0xba, 0xbe], "is a program for macOS or Java"],
];

/**
 * Whether a file is in the kernel's format for programs and libraries.
 *
 * @param head Its first bytes.
 */
export function isElf(head: Uint8Array): boolean {
  return beginsWith(head, ELF);
}

/**
 * Reads what program a file is.
 *
 * @param head Its first {@linkcode PROGRAM_HEAD_BYTES} bytes, or all if it is shorter.
 * @returns The program, or why the kernel cannot run the file, as a clause that follows its name.
 */
export function readProgramHead(head: Uint8Array): ElfProgram | { readonly problem: string } {
  if (!isElf(head)) {
    const other = OTHERS.find(([magic]) => beginsWith(head, magic))?.[1];
    return { problem: other ?? (head.length === 0 ? "is empty" : "is no program in Linux's format (ELF)") };
  }
  try {
    return readElf(new DataView(head.buffer, head.byteOffset, head.byteLength));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { problem: "is a program that is cut off" };
  }
}

/**
 * Why an engine cannot run a program.
 *
 * @param program The program.
 * @param platform Operating system and architecture of the engine, for example `linux/amd64`.
 * @returns A clause that follows the name of the program; `undefined` if the engine can run it.
 */
export function platformProblem({ architecture }: ElfProgram, platform: string): string | undefined {
  const wanted = platform.split("/")[1] ?? "";
  const runs = [wanted, ...({ amd64: ["386"], arm64: ["arm"] }[wanted] ?? [])];
  return runs.includes(architecture)
    ? undefined
    : `is built for ${architecture}, and the engine runs programs for ${wanted}`;
}

function readElf(view: DataView): ElfProgram | { readonly problem: string } {
  const isWide = view.getUint8(4) === 2;
  const little = view.getUint8(5) !== 2;
  const word = (at: number) => isWide ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
  const type = view.getUint16(16, little);
  const entry = word(24);
  if (type !== TYPE_EXECUTABLE && (type !== TYPE_SHARED || entry === 0)) {
    return {
      problem: type === TYPE_SHARED ? "is a shared library" : "is an object file, which is not linked",
    };
  }
  const machine = view.getUint16(18, little);
  const architecture = MACHINES[machine]?.[little ? 0 : 1] ?? `processor ${machine}`;
  const loader = readLoader(view, { isWide, little, word });
  return { architecture, ...(loader !== undefined && { loader }) };
}

interface Layout {
  readonly isWide: boolean;
  readonly little: boolean;
  readonly word: (at: number) => number;
}

/** Only the path of the loader may lie beyond the bytes that are there, which is not worth an error. */
function readLoader(view: DataView, { isWide, little, word }: Layout): string | undefined {
  const table = word(isWide ? 32 : 28);
  const entrySize = view.getUint16(isWide ? 54 : 42, little);
  const count = view.getUint16(isWide ? 56 : 44, little);
  for (let index = 0; index < count; index++) {
    const at = table + index * entrySize;
    if (view.getUint32(at, little) !== SEGMENT_INTERPRETER) continue;
    const start = word(at + (isWide ? 8 : 4));
    const size = word(at + (isWide ? 32 : 16));
    if (start + size > view.byteLength) return undefined;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start, size);
    return new TextDecoder().decode(bytes).replace(/\0.*$/s, "");
  }
  return undefined;
}

function beginsWith(head: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => head[at] === byte);
}
