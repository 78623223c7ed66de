cd "$CODE_MOUNT_DIR"
# A result that came with the archive is none of this run.
rm -f result.json || :
# The kernel would only say that the program is not found.
[ -z "${PROGRAM_LOADER:-}" ] || [ -e "$PROGRAM_LOADER" ] || {
  echo "Error: $SCRIPT_PATH needs the loader $PROGRAM_LOADER, which this image does not have: link it statically, build it for the image's C library, or use the runtime image" >&2
  exit 127
}
exec "$CODE_MOUNT_DIR/$SCRIPT_PATH"
