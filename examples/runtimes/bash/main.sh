#!/bin/bash
# Runs until it is stopped. The working directory is the code folder.
set -eu

symbol=$(sed -n 's/.*"symbol": *"\([^"]*\)".*/\1/p' "$CONFIG_FILE")

stop() {
  echo "$ID stops"
  echo '{"status": "terminated"}' >result.json
  exit 143
}
trap stop TERM

while :; do
  echo "$ID watches $symbol"
  # A signal ends this wait; a sleep in the foreground would delay it.
  sleep 1 &
  wait $!
done
