// Runs until it is stopped.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	id := os.Getenv("ID")
	text, err := os.ReadFile(os.Getenv("CONFIG_FILE"))
	if err != nil {
		panic(err)
	}
	var config struct{ Symbol string }
	if err := json.Unmarshal(text, &config); err != nil {
		panic(err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	ticks := time.Tick(time.Second)
	for {
		fmt.Println(id, "watches", config.Symbol)
		select {
		case <-stop:
			fmt.Println(id, "stops")
			// The working directory is the code folder.
			os.WriteFile("result.json", []byte(`{"status": "terminated"}`), 0o644)
			os.Exit(143)
		case <-ticks:
		}
	}
}
