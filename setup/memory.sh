# shellcheck shell=sh
# Makes sure that root has a folder in memory for the secrets of bots. On most machines /run is in memory; in many
# containers and small machines it is on the disk.

: "${state?sourced by berth}"

memory_folder=/run/berth

memory_setup() {
  is_root && have mount && [ -z "${SECRETS_RUN_DIR-}" ] && ! memory_is_there || return 0
  lock
  # Two of them, one over the other, would hide the secrets of running bots.
  if ! memory_is_there; then
    if mkdir -p "$memory_folder" && logged mount -t tmpfs -o mode=700,size=64m tmpfs "$memory_folder"; then
      say "$memory_folder is in memory now, for the secrets of bots; to undo it: umount $memory_folder"
    else
      say "$memory_folder cannot be in memory, so bots get no secrets; docs/secrets.md says what to do"
    fi
  fi
  unlock
}

memory_is_there() {
  if [ -d "$memory_folder" ]; then
    memory_type=$(stat -f -c %T "$memory_folder" 2>/dev/null)
  else
    memory_type=$(stat -f -c %T "${memory_folder%/*}" 2>/dev/null)
  fi
  case $memory_type in tmpfs | ramfs) ;; *) return 1 ;; esac
}
