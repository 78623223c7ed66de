/**
 * Builds programs for the kernel, so that tests need no compiler.
 *
 * @module
 */

/** The differences from a program that this machine runs. */
export interface ProgramOptions {
  /** `e_machine`: 62 is amd64, 183 is arm64. @default 62 */
  readonly machine?: number;
  /** `e_type`: 2 is a program, 3 a library if it has no entry. @default 2 */
  readonly type?: number;
  /** Whether it has an entry. @default true */
  readonly hasEntry?: boolean;
  /**
   * Signal that ends it if there is no shell: SIGILL (exit code 132) or SIGSEGV (139).
   * @default {"SIGILL"}
   */
  readonly dies?: "SIGILL" | "SIGSEGV";
  /** Path of the loader that it asks for. @default none: it is linked statically */
  readonly loader?: string;
}

/** Whether this machine runs what {@linkcode buildProgram} builds by default. */
export const RUNS_PROGRAMS = Deno.build.os === "linux" && Deno.build.arch === "x86_64";

const BASE = 0x400000;
const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;

/**
 * Builds a program that replaces itself with `/bin/sh SCRIPT`, and keeps its environment.
 *
 * @param script Path of the script.
 * @param options See {@linkcode ProgramOptions}.
 */
export function buildProgram(script: string, options: ProgramOptions = {}): Uint8Array<ArrayBuffer> {
  const { machine = 62, type = 2, hasEntry = true, dies = "SIGILL", loader } = options;
  const strings = new TextEncoder().encode(`/bin/sh\0${script}\0${loader ?? ""}\0`);
  const segments = loader === undefined ? 1 : 2;
  const codeAt = HEADER_BYTES + segments * SEGMENT_BYTES;
  const code = launcher(dies);
  const stringsAt = codeAt + code.length;
  const size = stringsAt + strings.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(hasEntry ? BASE + codeAt : 0), true);
  view.setBigUint64(32, BigInt(HEADER_BYTES), true);
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(54, SEGMENT_BYTES, true);
  view.setUint16(56, segments, true);
  const segment = (index: number, kind: number, at: number, length: number) => {
    const start = HEADER_BYTES + index * SEGMENT_BYTES;
    view.setUint32(start, kind, true);
    view.setUint32(start + 4, 5, true);
    [at, BASE + at, BASE + at, length, length, 0x1000].forEach((value, field) =>
      view.setBigUint64(start + 8 + field * 8, BigInt(value), true)
    );
  };
  if (loader !== undefined) segment(0, 3, stringsAt + 9 + script.length, loader.length + 1);
  segment(segments - 1, 1, 0, size);
  bytes.set(code, codeAt);
  bytes.set(strings, stringsAt);
  return bytes;
}

/** execve("/bin/sh", ["/bin/sh", script], environment) for amd64; the strings follow the code. */
function launcher(dies: "SIGILL" | "SIGSEGV"): Uint8Array {
  const relative = (distance: number) => [...new Uint8Array(new Int32Array([distance]).buffer)];
  const length = 40;
  return new Uint8Array([
    ...[0x48, 0x8b, 0x04, 0x24], // mov rax, [rsp]
    ...[0x48, 0x8d, 0x54, 0xc4, 0x10], // lea rdx, [rsp + rax*8 + 16]
    ...[0x48, 0x8d, 0x3d, ...relative(length - 16)], // lea rdi, [rip + path]
    ...[0x48, 0x8d, 0x1d, ...relative(length - 23 + 8)], // lea rbx, [rip + script]
    ...[0x6a, 0x00], // push 0
    0x53, // push rbx
    0x57, // push rdi
    ...[0x48, 0x89, 0xe6], // mov rsi, rsp
    ...[0xb8, 0x3b, 0x00, 0x00, 0x00], // mov eax, 59
    ...[0x0f, 0x05], // syscall
    ...(dies === "SIGILL" ? [0x0f, 0x0b, 0x90] : [0xf4, 0x90, 0x90]), // ud2, hlt
  ]);
}
