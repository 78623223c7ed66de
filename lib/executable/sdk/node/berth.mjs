// The package for ES modules. Its named exports are functions; `config`, `id`, `signal`, `stateDir` and
// `stopRequested` are read from the default export, because they are found out when they are asked for.
import berth from "./berth.cjs";

export default berth;
export const { SecretError, heartbeat, log, metric, ready, result, secret, sleep, status } = berth;
