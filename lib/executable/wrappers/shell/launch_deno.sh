# Everything that Deno compiles is gone with the container. Nothing is downloaded: the bot's imports come with its code.
export DENO_DIR="${TMPDIR:-/tmp}/.deno" DENO_NO_UPDATE_CHECK=1
set -- --quiet --allow-all --cached-only --no-prompt
for file in deno.json deno.jsonc; do
  if [ -f "$CODE_MOUNT_DIR/$file" ]; then
    set -- "$@" --config "$CODE_MOUNT_DIR/$file"
    [ ! -f "$CODE_MOUNT_DIR/deno.lock" ] || set -- "$@" --frozen
    break
  fi
done
exec deno run "$@" /berth/node_wrapper.cjs
