/* Finds the supervisor's modules in MODULES, which stands above: each file of its own would cost each container a mount. */
const loaded = new Map();

function load(name) {
  if (!Object.hasOwn(MODULES, name)) return require(name);
  let module = loaded.get(name);
  if (!module) {
    module = { exports: {} };
    loaded.set(name, module);
    MODULES[name](module, module.exports, load);
  }
  return module.exports;
}

load("./supervisor.cjs");
