package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

const (
	prSetDumpable    = 4
	prSetNoNewPrivs  = 38
	rlimitProcesses  = 6
	oomScore         = "500" // the kernel is to end the bot's processes, not the supervisor
	launchFailed     = 127
	descriptorOfSpec = 3
	descriptorOfWord = 4
)

// launchSpec says what a process is to become. It comes through a pipe: arguments are visible to every process.
type launchSpec struct {
	UID       uint32   `json:"uid"`
	GID       uint32   `json:"gid"`
	Processes *uint64  `json:"processes,omitempty"` // most that the user may have
	FileBytes int64    `json:"fileBytes,omitempty"` // largest file
	Kill      bool     `json:"kill,omitempty"`      // ends all processes of the user, and becomes nothing
	Command   []string `json:"command"`
	Env       []string `json:"env"`
	Dir       string   `json:"dir"`
	Session   bool     `json:"session"` // in a process group of its own
}

// start starts a process that gives up all privileges and becomes a program, and returns once it has.
func (s launchSpec) start(command *exec.Cmd) error {
	specReader, specWriter, err := os.Pipe()
	if err != nil {
		return err
	}
	defer specWriter.Close()
	wordReader, wordWriter, err := os.Pipe()
	if err != nil {
		specReader.Close()
		return err
	}
	defer wordReader.Close()
	command.ExtraFiles = []*os.File{specReader, wordWriter}
	err = command.Start()
	specReader.Close()
	wordWriter.Close()
	if err != nil {
		return err
	}
	specWriter.Write(toJSON(s))
	specWriter.Close()
	if word, _ := io.ReadAll(wordReader); len(word) > 0 {
		command.Wait()
		return errors.New(string(word))
	}
	return nil
}

// launcher is a process that becomes something by a launchSpec.
func launcher() *exec.Cmd {
	return &exec.Cmd{Path: "/proc/self/exe", Args: []string{"supervisor", "launch"}, Env: []string{}}
}

// launch is the other end of start. It returns only if the program cannot be started.
func launch([]string) int {
	word := os.NewFile(descriptorOfWord, "word")
	syscall.CloseOnExec(descriptorOfWord)
	fail := func(err error) int {
		io.WriteString(word, err.Error())
		return launchFailed
	}
	text, err := io.ReadAll(os.NewFile(descriptorOfSpec, "spec"))
	syscall.CloseOnExec(descriptorOfSpec)
	var spec launchSpec
	if err == nil {
		err = json.Unmarshal(text, &spec)
	}
	if err != nil {
		return fail(err)
	}
	// Some kernel attributes belong to the thread that executes the program.
	runtime.LockOSThread()
	if spec.Kill {
		return spec.killAll(word)
	}
	if err := spec.drop(); err != nil {
		return fail(err)
	}
	return fail(spec.execute())
}

// killAll lets the kernel end all that the user may end, so that none of them can start another one meanwhile.
func (s launchSpec) killAll(word *os.File) int {
	if s.become() != nil {
		return launchFailed
	}
	word.Close()
	syscall.Kill(-1, syscall.SIGKILL)
	return 0
}

// drop gives up every privilege for good.
func (s launchSpec) drop() error {
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte(oomScore), 0); err != nil {
		return err
	}
	if s.Processes != nil {
		if err := syscall.Setrlimit(rlimitProcesses, &syscall.Rlimit{Cur: *s.Processes, Max: *s.Processes}); err != nil {
			return err
		}
	}
	if s.FileBytes > 0 {
		limit := uint64(s.FileBytes)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			return err
		}
	}
	if err := os.Chdir(s.Dir); err != nil {
		return err
	}
	if s.Session {
		if _, err := syscall.Setsid(); err != nil {
			return err
		}
	}
	if err := s.become(); err != nil {
		return err
	}
	if _, _, problem := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); problem != 0 {
		return fmt.Errorf("cannot give up privileges: %w", problem)
	}
	syscall.Umask(0o022)
	return nil
}

// become changes the user of this thread, which is the one that goes on as the program. To change all threads, as package
// syscall does, takes longer than the rest of a launch.
func (s launchSpec) become() error {
	if s.UID == 0 || s.GID == 0 {
		return errors.New("a bot does not run as root beside its supervisor: set BOT_USER or BOT_UID_RANGE")
	}
	uid, gid := uintptr(s.UID), uintptr(s.GID)
	for _, call := range [][4]uintptr{
		{syscall.SYS_SETGROUPS, 0, 0, 0},
		{syscall.SYS_SETRESGID, gid, gid, gid},
		{syscall.SYS_SETRESUID, uid, uid, uid},
	} {
		if _, _, problem := syscall.RawSyscall(call[0], call[1], call[2], call[3]); problem != 0 {
			return fmt.Errorf("cannot become user %d: %w", s.UID, problem)
		}
	}
	return nil
}

// execute looks for the program in the PATH of its environment.
func (s launchSpec) execute() error {
	if len(s.Command) == 0 {
		return errors.New("it has no command")
	}
	name, problem := s.Command[0], error(syscall.ENOENT)
	for _, folder := range searched(name, s.Env) {
		err := syscall.Exec(filepath.Join(folder, name), s.Command, s.Env)
		if err == syscall.EACCES || problem == syscall.ENOENT && err != syscall.ENOTDIR {
			problem = err
		}
	}
	return fmt.Errorf("%s: %w", name, problem)
}

func searched(name string, env []string) []string {
	if strings.Contains(name, "/") {
		return []string{""}
	}
	path := "/usr/local/bin:/usr/bin:/bin"
	for _, entry := range env {
		if value, isPath := strings.CutPrefix(entry, "PATH="); isPath {
			path = value
		}
	}
	return filepath.SplitList(path)
}

// hide makes the memory of this process unreadable, even to processes of its own user.
func hide() {
	syscall.RawSyscall6(syscall.SYS_PRCTL, prSetDumpable, 0, 0, 0, 0, 0)
}
