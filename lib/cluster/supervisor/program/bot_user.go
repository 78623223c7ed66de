package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// killLimit is the longest time for a process that does nothing but end others.
const killLimit = time.Second

// botUser starts processes as the bot's user, and ends them. None of them can get back any privilege.
type botUser struct {
	uid, gid  uint32
	processes *uint64
	fileBytes int64
}

func (u botUser) spec(command []string, env []string, dir string) launchSpec {
	return launchSpec{
		UID: u.uid, GID: u.gid, Processes: u.processes, FileBytes: u.fileBytes,
		Command: command, Env: env, Dir: dir,
	}
}

// start starts the bot. Its output is that of the container.
func (u botUser) start(command, env []string, dir string) (*exec.Cmd, error) {
	process := launcher()
	process.Stdout, process.Stderr = os.Stdout, os.Stderr
	return process, u.spec(command, env, dir).start(process)
}

// helper is this program at a piece of work, which can read and write what the bot can.
type helper struct {
	process *exec.Cmd
	told    bytes.Buffer
}

// help starts a helper with what it reads, if anything. It writes to output, unless that is nil.
func (u botUser) help(input, output *os.File, arguments ...string) (*helper, error) {
	h := &helper{process: launcher()}
	if input != nil {
		h.process.Stdin = input
	}
	if output != nil {
		h.process.Stdout = output
	}
	h.process.Stderr = &h.told
	spec := u.spec(append([]string{"/proc/self/exe"}, arguments...), nil, "/")
	spec.Processes = nil // threads of the helper are no processes of the bot
	return h, spec.start(h.process)
}

// finish waits for a helper and reads its facts, the last line that it has written.
func (h *helper) finish(facts any) error {
	err := h.process.Wait()
	lines := strings.Split(strings.TrimSpace(h.told.String()), "\n")
	last := lines[len(lines)-1]
	var told struct{ Problem string }
	if json.Unmarshal([]byte(last), &told) != nil {
		return fmt.Errorf("%.1000s", strings.Join(lines[max(0, len(lines)-3):], " "))
	}
	if told.Problem != "" {
		return errors.New(told.Problem)
	}
	if err != nil {
		return fmt.Errorf("the helper ended: %w", err)
	}
	return json.Unmarshal([]byte(last), facts)
}

// killAll ends all processes of the user in this container.
func (u botUser) killAll() {
	for {
		u.killAtOnce()
		found := u.processIDs()
		if len(found) == 0 {
			return
		}
		for _, pid := range found {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// killAtOnce has a process of the user end them all. If there is no room for a process, they are ended one by one.
func (u botUser) killAtOnce() {
	process := launcher()
	if (launchSpec{UID: u.uid, GID: u.gid, Kill: true}).start(process) != nil {
		return
	}
	// The bot may hold it up: for a moment it is a process of the same user.
	timer := time.AfterFunc(killLimit, func() { process.Process.Kill() })
	defer timer.Stop()
	process.Wait()
}

// processIDs are those of the user's processes that run.
func (u botUser) processIDs() []int {
	var found []int
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		status, err := os.ReadFile("/proc/" + entry.Name() + "/status")
		if err == nil && runsAs(string(status), u.uid) {
			found = append(found, pid)
		}
	}
	return found
}

// runsAs reads the status of a process: whether it has not ended, and is a user's.
func runsAs(status string, uid uint32) bool {
	isUsers := false
	for _, line := range strings.Split(status, "\n") {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "State:":
			if words[1] == "Z" || words[1] == "X" {
				return false
			}
		case "Uid:":
			isUsers = words[1] == strconv.FormatUint(uint64(uid), 10)
		}
	}
	return isUsers
}

// exitCode is that of a process that has ended: 128 + n for signal n.
func exitCode(state *os.ProcessState) int {
	status := state.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// runCommand runs a command of Berth's, for example a health check. It and all that it starts end with its time.
func (u botUser) runCommand(request request, env []string, dir string) requestAnswer {
	process := launcher()
	reader, writer, err := os.Pipe()
	if err != nil {
		return requestAnswer{End: "failed", Output: err.Error()}
	}
	defer reader.Close()
	process.Stdout, process.Stderr = writer, writer
	spec := u.spec(request.Command, env, dir)
	spec.Session = true
	until := time.Now().Add(request.TimeoutMs.duration())
	err = spec.start(process)
	writer.Close()
	if err != nil {
		code := launchFailed
		return requestAnswer{End: "exited", ExitCode: &code, Output: err.Error()}
	}
	// A program that the command has started may hold the stream open.
	reader.SetReadDeadline(until)
	output, err := io.ReadAll(io.LimitReader(reader, int64(request.MaxOutputBytes)+1))
	answer := requestAnswer{End: "exited"}
	switch {
	case len(output) > request.MaxOutputBytes:
		answer.End, output = "flooded", output[:request.MaxOutputBytes]
	case err != nil:
		answer.End = "timed-out"
	}
	ended := make(chan struct{})
	go func() {
		process.Wait()
		close(ended)
	}()
	if answer.End == "exited" {
		select {
		case <-ended:
		case <-time.After(max(100*time.Millisecond, time.Until(until))):
			answer.End = "timed-out"
		}
	}
	syscall.Kill(-process.Process.Pid, syscall.SIGKILL)
	<-ended
	answer.Output = strings.ToValidUTF8(string(output), "\uFFFD")
	if answer.End == "exited" {
		code := exitCode(process.ProcessState)
		answer.ExitCode = &code
	}
	return answer
}
