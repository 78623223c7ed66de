package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	compileLimit     = 10 * time.Second // sooner than others take the lock of the tree for stale
	maxBytecodeBytes = 4 << 20          // of one file
	bytecodeFolder   = "__pycache__"
)

// compileRunner puts bytecode beside the runner's sources, so that no start compiles them again. The image's own compiler
// makes it, so it runs as the bot's user, before anything of the bot does; and containers of other images use other
// folders. The bot also runs without bytecode: nothing is said of an image that cannot compile.
func (p *preparation) compileRunner(folder string) error {
	work, err := os.MkdirTemp("", "berth-compile-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.Chmod(work, 0o711); err != nil {
		return err
	}
	sources, bytecode := filepath.Join(work, "sources"), filepath.Join(work, "bytecode")
	if err := copyTree(folder, sources, &owner{0, 0}); err != nil {
		return err
	}
	if err := os.Mkdir(bytecode, 0o700); err != nil {
		return err
	}
	if err := os.Chown(bytecode, int(p.user.uid), int(p.user.gid)); err != nil {
		return err
	}
	if err := p.compile(sources, bytecode); err != nil {
		return err
	}
	return filepath.WalkDir(bytecode, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return takeBytecode(path, filepath.Join(folder, path[len(bytecode):]))
	})
}

// compile runs the image's compiler. Nothing of it runs afterwards.
func (p *preparation) compile(sources, bytecode string) error {
	command := append(append([]string{}, p.order.Runner.Compile...), sources, bytecode)
	spec := p.user.spec(command, []string{"PATH=" + os.Getenv("PATH")}, "/")
	spec.Processes = nil // those of the compiler are none of the bot
	process := launcher()
	defer p.user.killAll()
	if err := spec.start(process); err != nil {
		return err
	}
	timer := time.AfterFunc(compileLimit, func() { process.Process.Kill() })
	defer timer.Stop()
	return process.Wait()
}

// takeBytecode copies a file if it can be the bytecode of a source that is there.
func takeBytecode(from, to string) error {
	name, _, _ := strings.Cut(filepath.Base(to), ".")
	source := filepath.Join(filepath.Dir(filepath.Dir(to)), name+".py")
	_, err := os.Lstat(source)
	if err != nil || filepath.Base(filepath.Dir(to)) != bytecodeFolder || filepath.Ext(to) != ".pyc" {
		return nil
	}
	file, info, err := openRegular(from)
	if err == errNotRegular || err == nil && info.Size() > maxBytecodeBytes {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return writeFile(to, content, 0o644, nil)
}
