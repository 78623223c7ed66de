/**
 * The environment of a user who has configured nothing: what programs need to run, and none of the variables
 * by which the test run says where its servers are.
 *
 * @module
 */

const NEEDED = ["PATH", "HOME", "TMPDIR", "DENO_DIR", "XDG_CACHE_HOME"];

/** The variables for a program that reads Berth's configuration and is started with `clearEnv: true`. */
export function userEnvironment(): Record<string, string> {
  return Object.fromEntries(
    NEEDED.flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
