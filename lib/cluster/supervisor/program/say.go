package main

import (
	"fmt"
	"os"
)

// say writes a message into the bot's log.
func say(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "berth: "+format+"\n", values...)
}
