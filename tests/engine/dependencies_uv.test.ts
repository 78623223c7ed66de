/** Projects of uv. uv itself and the two small libraries come from PyPI. */
import assert from "node:assert/strict";
import { DependencyError } from "../../lib/dependencies/dependency_error.ts";
import { RunnerFixture } from "../support/fixtures/runner_fixture.ts";

const PROJECT = `[project]
name = "uv-bot"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = ["idna"]

[dependency-groups]
dev = ["iniconfig"]
`;

/** The lock that \`uv lock\` makes for the project. */
const LOCK = `version = 1
revision = 5
requires-python = ">=3.11"

[[package]]
name = "idna"
version = "3.20"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.pythonhosted.org/packages/f5/08/8eea9d4b8302028f3abb2c0813953f7aec26d33b7a8960ed760e65ff29fa/idna-3.20.tar.gz", hash = "sha256:a7db850025b95ded1eae8a46181a1a6c56c92c96f0e2b005d9ff8dc0210cab44", size = 216463, upload-time = "2026-09-17T14:11:04.752Z" }
wheels = [
    { url = "https://files.pythonhosted.org/packages/58/a2/bb081bab032533a855d44de1d56f8e8426114ff1ba5d1f07a438a0a654f8/idna-3.20-py3-none-any.whl", hash = "sha256:ab7ae7122974553370f0bdb919e1a960b2cd1bc1ef0276416d896db81c14582c", size = 69583, upload-time = "2026-09-17T14:11:03.168Z" },
]

[[package]]
name = "iniconfig"
version = "2.3.1"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.pythonhosted.org/packages/01/e1/2069291243c926a2ff1cd706c7f3eeb9b62144bf60f77c9fb9ff2fb26bd3/iniconfig-2.3.1.tar.gz", hash = "sha256:67f4b9c50da0dedf52af349e7749a80a9057a5031199791b906c3bb3ae878960", size = 21209, upload-time = "2026-10-06T22:48:38.076Z" }
wheels = [
    { url = "https://files.pythonhosted.org/packages/56/43/4ca9e49d27a1fcf6bece6f6aec0ea46bb9112489b93d4b688fb415457bdb/iniconfig-2.3.1-py3-none-any.whl", hash = "sha256:9121e2c1fdb355232495be3194c8dfe87ccc2d5dee45947b78e68f499790d7a7", size = 7552, upload-time = "2026-10-06T22:48:36.959Z" },
]

[[package]]
name = "uv-bot"
version = "1.0.0"
source = { virtual = "." }
dependencies = [
    { name = "idna" },
]

[package.dev-dependencies]
dev = [
    { name = "iniconfig" },
]

[package.metadata]
requires-dist = [{ name = "idna" }]

[package.metadata.requires-dev]
dev = [{ name = "iniconfig" }]
`;

const MAIN = `
import idna, os
def main(id, config):
    print("idna", idna.__version__, os.path.dirname(idna.__file__), os.path.exists("/bot/vendor/iniconfig"))
`;

const variable = (name: string) => {
  const value = Deno.env.get(name);
  return value === undefined ? {} : { [name]: value };
};
const PYPI = { ...variable("SSL_CERT_FILE"), ...variable("HTTPS_PROXY"), ...variable("PIP_INDEX_URL") };

Deno.test("a project with uv.lock gets what the lock names, without development dependencies", async () => {
  await using fixture = await RunnerFixture.open(PYPI);
  const { runner, deploy } = fixture;
  const files = { "main.py": MAIN, "pyproject.toml": PROJECT, "uv.lock": LOCK };
  const executable = await deploy(files, { isLongRunning: false });
  const lines: string[] = [];
  const { dependencies, lock } = await runner.buildDependencies(executable, {
    onLine: (line) => lines.push(line),
  }).catch((error) => {
    throw new Error(`This test needs PyPI: ${error.message}\n${lines.join("\n")}`, { cause: error });
  });
  assert.deepEqual([dependencies?.libraries?.folder, lock], ["vendor", undefined]);
  const ended = await runner.startContainer({ ...executable, ...(dependencies && { dependencies }) });
  assert.ok(ended.status === "success", JSON.stringify(ended));
  assert.match(ended.output, /^idna 3\.20 \/bot\/vendor\/idna False$/m);

  const other = await deploy({
    ...files,
    "pyproject.toml": PROJECT.replace('["idna"]', '["idna", "certifi"]'),
  });
  const error = await runner.buildDependencies(other).then(() => undefined, (error) => error);
  assert.ok(error instanceof DependencyError, String(error));
  assert.match(error.message, /uv\.lock.*The lock does not belong to the description.*uv lock/);
  const changed = await deploy({ ...files, "uv.lock": LOCK.replace("ab7ae7122974", "000000000000") });
  const refused = await runner.buildDependencies(changed).then(() => undefined, (error) => error);
  assert.match(String(refused), /not the one that the lock names/);
  assert.deepEqual([await fixture.containers(), await fixture.folders()], [[], []]);
});
