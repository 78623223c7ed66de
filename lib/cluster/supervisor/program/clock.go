package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// now is the time since the start of the machine. It also passes while the machine sleeps, and never jumps.
func now() time.Duration {
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		panic(err)
	}
	seconds, _, _ := strings.Cut(string(text), " ")
	since, err := strconv.ParseFloat(seconds, 64)
	if err != nil {
		panic(err)
	}
	return time.Duration(since * float64(time.Second))
}

// bootID names this start of the machine: times of another one say nothing here.
func bootID() (string, error) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text)), err
}
