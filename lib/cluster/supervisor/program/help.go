package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
)

// help makes a subcommand of a piece of work. Its last line on stderr says, as JSON, what was done or what is wrong.
// Supervisors have such work done as the bot's user, so that it can reach nothing that the bot cannot: names in the bot's
// folders may be replaced by links at any moment.
func help(work func([]string) (any, error)) func([]string) int {
	return func(arguments []string) int {
		facts, err := work(arguments)
		if err != nil {
			fmt.Fprintln(os.Stderr, string(toJSON(map[string]string{"problem": fmt.Sprintf("%.1000s", err.Error())})))
			return 1
		}
		fmt.Fprintln(os.Stderr, string(toJSON(facts)))
		return 0
	}
}

// readResult writes a regular file to stdout: PATH MAX_BYTES.
func readResult(arguments []string) (any, error) {
	if len(arguments) != 2 {
		return nil, errors.New("usage: read PATH MAX_BYTES")
	}
	path := arguments[0]
	maxBytes, err := strconv.ParseInt(arguments[1], 10, 64)
	if err != nil {
		return nil, err
	}
	file, _, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > maxBytes {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxBytes)
	}
	_, err = os.Stdout.Write(content)
	return map[string]int{"bytes": len(content)}, err
}

var errNotRegular = errors.New("not a regular file")

// openRegular opens a regular file and nothing else. A pipe in its place does not make it wait.
func openRegular(path string) (*os.File, os.FileInfo, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: %w", path, errNotRegular)
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, info, nil
}
