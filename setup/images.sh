# shellcheck shell=sh
# Makes sure the runtimes' images are there. Which ones, and pulling them, is known to `deno task images`;
# its exit status 69 means that some are missing and no registry can be reached.

: "${here?sourced by berth}"

# images_setup [DIR…]: the images of these bot folders, or of the common runtimes.
images_setup() {
  standins_choose
  images_status=0
  images_task "$@" || images_status=$?
  [ "$images_status" -ne 0 ] || return 0
  [ "$images_status" -eq 69 ] || exit "$images_status"
  [ -z "${RUNTIME_IMAGES-}" ] ||
    fail "images named by RUNTIME_IMAGES are neither here nor can they be pulled: $RUNTIME_IMAGES" \
      "load them (docker load, docker import), or unset RUNTIME_IMAGES"
  lock
  # Another berth may have built them while this one waited.
  standins_choose
  [ -n "${RUNTIME_IMAGES-}" ] || standins_build
  unlock
  images_task "$@"
}

# images_setup_of [ARGUMENTS]: the images of the folders among the arguments. When none is a folder the command
# itself has something to say about that.
images_setup_of() {
  images_count=$#
  while [ "$images_count" -gt 0 ]; do
    images_count=$((images_count - 1))
    images_arg=$1
    shift
    case $images_arg in
      -*) ;;
      *) [ ! -d "$images_arg" ] || set -- "$@" "$images_arg" ;;
    esac
  done
  if [ $# -gt 0 ]; then images_setup "$@"; fi
}

# Its messages and progress are not the command's output.
images_task() {
  INIT_CWD=$(pwd) "$DENO" task --quiet --config "$here/deno.json" images "$@" >&2
}
