/**
 * A package index on loopback for one test: wheels and source distributions for pip, packages for npm.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import tar from "tar-stream";

/** A file of the index. */
interface Served {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
}

/** Files by name. */
type Files = Readonly<Record<string, string>>;

/** One version of a package for npm. */
interface NodePackage {
  readonly served: Served;
  readonly dependencies: Files;
  readonly hasInstallScript: boolean;
}

/** The index. Disposing closes it; requests that it holds are dropped. */
export class PackageIndex implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #python = new Map<string, Map<string, Served>>();
  readonly #node = new Map<string, Map<string, NodePackage>>();
  readonly #counts = new Map<string, number>();
  readonly #held = new Set<() => void>();
  #isHanging = false;
  #password: string | undefined;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  /** The variables that lead builders here. */
  get variables(): Record<string, string> {
    return { PIP_INDEX_URL: `${this.#origin}/simple`, NPM_CONFIG_REGISTRY: `${this.#origin}/npm/` };
  }

  get #origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** How often a file was downloaded. @param name Its name. */
  downloads(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Refuses requests without a password. @param password The password. @returns Address of the index for pip, with it. */
  protect(password: string): string {
    this.#password = password;
    return `${this.#origin.replace("//", `//me:${password}@`)}/simple`;
  }

  /** Writes what there is for pip into a folder, for any server of files. @param folder Its path. */
  async write(folder: string): Promise<void> {
    for (const [name, files] of this.#python) {
      const links = [...files].map(([file, { sha256 }]) => `<a href="${file}#sha256=${sha256}">${file}</a>`);
      await Deno.mkdir(`${folder}/simple/${name}`, { recursive: true });
      await Deno.writeTextFile(`${folder}/simple/${name}/index.html`, links.join("<br>"));
      for (const [file, { bytes }] of files) await Deno.writeFile(`${folder}/simple/${name}/${file}`, bytes);
    }
  }

  /** Lets every request wait forever. */
  hang(): void {
    this.#isHanging = true;
  }

  /** Adds a wheel. @param name Its package. @param files Its modules. @param tag Its platform. @returns A line of a lock. */
  addWheel(name: string, files: Files, tag = "py3-none-any", version = "1.0"): string {
    const info = `${name}-${version}.dist-info`;
    const content: Record<string, string> = {
      ...files,
      [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
      [`${info}/WHEEL`]: `Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: ${tag}\n`,
    };
    content[`${info}/RECORD`] = [...Object.keys(content), `${info}/RECORD`].map((path) => `${path},,\n`).join(
      "",
    );
    const bytes = zipSync(
      Object.fromEntries(
        Object.entries(content).map(([path, text]) => [path, new TextEncoder().encode(text)]),
      ),
    );
    return this.#addPython(name, version, `${name}-${version}-${tag}.whl`, bytes as Uint8Array<ArrayBuffer>);
  }

  /**
   * Adds a source distribution, whose build runs code.
   *
   * @param name Its package. @param code Python, which runs in the builder.
   * @returns A line of a lock.
   */
  async addSource(name: string, code: string, version = "1.0"): Promise<string> {
    const backend = `import os, zipfile
def _build_requires(config_settings=None): return []
get_requires_for_build_wheel = get_requires_for_build_sdist = _build_requires
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
${code.split("\n").map((line) => `    ${line}`).join("\n")}
    name = "${name}-${version}-py3-none-any.whl"
    info = "${name}-${version}.dist-info"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr("${name}.py", "built = True\\n")
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: ${name}\\nVersion: ${version}\\n")
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/RECORD", "")
    return name
`;
    const bytes = await tarOf(`${name}-${version}`, {
      "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
      "PKG-INFO": `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
      "backend.py": backend,
    });
    return this.#addPython(name, version, `${name}-${version}.tar.gz`, bytes);
  }

  /** Adds a package for Node. @param name Its name. @param files Its files. @param more Fields of its package.json. */
  async addNode(name: string, files: Files, more: Record<string, unknown> = {}): Promise<void> {
    const version = "1.0.0";
    const description = { name, version, main: "index.js", ...more };
    const bytes = await tarOf("package", { "package.json": JSON.stringify(description), ...files });
    const versions = this.#node.get(name) ?? new Map();
    this.#node.set(name, versions);
    versions.set(version, {
      served: serve(bytes),
      dependencies: (more.dependencies ?? {}) as Files,
      // As a registry says it: npm runs no script of a package without it.
      hasInstallScript: more.scripts !== undefined,
    });
  }

  #addPython(name: string, version: string, file: string, bytes: Uint8Array<ArrayBuffer>): string {
    const files = this.#python.get(name) ?? new Map<string, Served>();
    this.#python.set(name, files);
    const served = serve(bytes);
    files.set(file, served);
    return `${name}==${version} --hash=sha256:${served.sha256}\n`;
  }

  async #answer(request: Request): Promise<Response> {
    if (this.#isHanging) await new Promise<void>((resolve) => this.#held.add(resolve));
    const expected = this.#password && `Basic ${btoa(`me:${this.#password}`)}`;
    if (expected && request.headers.get("authorization") !== expected) {
      return new Response("unauthorized", { status: 401, headers: { "www-authenticate": "Basic" } });
    }
    const path = decodeURIComponent(new URL(request.url).pathname).replace(/\/$/, "");
    const name = path.split("/").at(-1)!;
    const python = this.#python.get(name);
    if (path === `/simple/${name}` && python) {
      const links = [...python].map(([file, { sha256 }]) =>
        `<a href="/files/${file}#sha256=${sha256}">${file}</a>`
      );
      return new Response(`<html><body>${links.join("<br>")}</body></html>`, {
        headers: { "content-type": "text/html" },
      });
    }
    const node = this.#node.get(name);
    if (path === `/npm/${name}` && node) return Response.json(this.#packument(name, node));
    const served = path.startsWith("/files/") ? this.#fileOf(name) : undefined;
    if (!served) return new Response("not found", { status: 404 });
    this.#counts.set(name, this.downloads(name) + 1);
    return new Response(served.bytes);
  }

  #fileOf(name: string): Served | undefined {
    for (const files of this.#python.values()) if (files.has(name)) return files.get(name);
    for (const [id, versions] of this.#node) {
      for (const [version, { served }] of versions) if (name === `${id}-${version}.tgz`) return served;
    }
    return undefined;
  }

  #packument(name: string, versions: ReadonlyMap<string, NodePackage>): unknown {
    const described = [...versions].map((
      [version, { served: { bytes }, dependencies, hasInstallScript }],
    ) => [version, {
      name,
      version,
      dependencies,
      hasInstallScript,
      dist: {
        tarball: `${this.#origin}/files/${name}-${version}.tgz`,
        integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`,
        shasum: createHash("sha1").update(bytes).digest("hex"),
      },
    }]);
    return { name, "dist-tags": { latest: "1.0.0" }, versions: Object.fromEntries(described) };
  }

  /** Closes the index. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const release of this.#held) release();
    await this.#server.shutdown();
  }
}

function serve(bytes: Uint8Array<ArrayBuffer>): Served {
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

async function tarOf(folder: string, files: Files): Promise<Uint8Array<ArrayBuffer>> {
  const pack = tar.pack();
  for (const [name, text] of Object.entries(files)) pack.entry({ name: `${folder}/${name}` }, text);
  pack.finalize();
  const chunks: Buffer[] = await Array.fromAsync(pack);
  return new Uint8Array(gzipSync(Buffer.concat(chunks)));
}
