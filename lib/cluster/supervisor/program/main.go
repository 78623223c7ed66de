// Program supervisor runs a bot in a container of a cluster: it fetches the bot's work from Berth, and ends the bot when
// its lease cannot be renewed.
//
// It runs as root beside the bot, which runs as a user of its own. Its only token is in its memory: nothing that the bot
// may read or inherit has it. With an argument it does one piece of work for another supervisor, or for a test.
package main

import (
	"fmt"
	"os"
)

// Exit codes of a container.
const (
	exitFenced = 75 // its lease could not be renewed
	exitFailed = 70 // the bot could not be started
)

func main() {
	if len(os.Args) == 1 {
		newSession().run()
		return
	}
	works := map[string]func([]string) int{
		"launch":  launch,
		"extract": help(extractArchive),
		"read":    help(readResult),
		"pack":    help(packState),
		"unpack":  help(unpackState),
	}
	work, isKnown := works[os.Args[1]]
	if !isKnown {
		fmt.Fprintln(os.Stderr, "usage: supervisor [launch | extract | read | pack | unpack]")
		os.Exit(2)
	}
	os.Exit(work(os.Args[2:]))
}
