package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	sharedMemory = "/dev/shm"
	// fetchSlack are bytes that an archive may have besides its content.
	fetchSlack  = 64 << 20
	runnerLimit = 30 * time.Second
)

// preparation makes the container what it is on one host: code, libraries, the runner's own files, secrets and state.
type preparation struct {
	order *order
	cache *cache
	berth *berth
	user  botUser
	state *state // nil if the bot keeps none
}

// run returns where the state came from; nil if none is kept.
func (p *preparation) run() (*stateOrigin, error) {
	for _, archive := range p.order.Code.Archives {
		if archive.Name == "" {
			archive.Name = "code"
		}
		if err := p.place(archive); err != nil {
			return nil, err
		}
	}
	for _, step := range []func() error{p.placeRunner, p.writeFiles, p.writeSecrets} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("cannot prepare the container: %w", err)
		}
	}
	return p.placeState()
}

func (p *preparation) place(archive archive) error {
	tree, err := p.cache.tree(archive.SHA256+"."+archive.Name, func(folder string, beat func()) error {
		return p.extract(archive, folder, beat)
	})
	if err != nil {
		return fmt.Errorf("cannot get its %s: %w", archive.Name, err)
	}
	source := filepath.Join(tree, archive.Name)
	switch archive.How {
	case "copy":
		err = p.copy(source, archive)
	case "link":
		// The name in the path stays that of the folder, by which Node.js finds what is beside a package.
		err = link(archive.Target, source)
	default:
		if err = makeWay(archive.Target); err == nil {
			err = copyFile(filepath.Join(source, archive.File), archive.Target, nil)
		}
		if err == nil {
			err = os.Chmod(archive.Target, 0o644)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot prepare the container: %w", err)
	}
	return nil
}

func (p *preparation) copy(source string, archive archive) error {
	if err := copyTree(source, archive.Target, p.user.owner()); err != nil {
		return err
	}
	for path, text := range archive.Extra {
		path = filepath.Join(archive.Target, path)
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := writeFile(path, []byte(text), 0o644, p.user.owner()); err != nil {
			return err
		}
	}
	return nil
}

func (p *preparation) extract(archive archive, folder string, beat func()) error {
	path := p.cache.newWork()
	defer os.Remove(path)
	limits := p.order.Limits
	if err := fetch(p.berth, archive.URLs, path, archive.SHA256, limits.MaxTotalBytes+fetchSlack, beat); err != nil {
		return err
	}
	if err := extract(path, filepath.Join(folder, archive.Name), limits, beat); err != nil {
		return err
	}
	// Others read what is built, by a path that they are told; code is copied.
	if archive.How == "copy" {
		return os.Chmod(folder, 0o700)
	}
	return os.Chmod(folder, 0o711)
}

// placeRunner places the runner's own files: one folder on a node for all containers that have the same.
func (p *preparation) placeRunner() error {
	runner := p.order.Runner
	tree, err := p.cache.tree(runner.SHA256+".runner", func(folder string, _ func()) error {
		return p.makeRunner(filepath.Join(folder, "runner"))
	})
	if err != nil {
		return err
	}
	return link(runner.Folder, filepath.Join(tree, "runner"))
}

// makeRunner writes the runner's files into a new folder, for all on the node to read.
func (p *preparation) makeRunner(folder string) error {
	var content runnerContent
	if err := p.berth.call(http.MethodGet, "/supervisor/v1/runner", nil, &content, runnerLimit, ""); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	for _, file := range content.Files {
		if err := writeFile(filepath.Join(folder, file.Path), []byte(file.Text), fs.FileMode(file.Mode), nil); err != nil {
			return err
		}
	}
	if len(p.order.Runner.Compile) > 0 {
		p.compileRunner(folder)
	}
	for name, target := range content.Links {
		if err := link(filepath.Join(folder, name), target); err != nil {
			return err
		}
	}
	return os.Chmod(filepath.Dir(folder), 0o711)
}

func (p *preparation) writeFiles() error {
	for _, file := range p.order.Files {
		var owner *owner
		if file.IsBots {
			owner = p.user.owner()
		}
		if err := writeFile(file.Path, []byte(file.Text), fs.FileMode(file.Mode), owner); err != nil {
			return err
		}
	}
	for _, each := range p.order.Links {
		if err := link(each.Path, each.Target); err != nil {
			return err
		}
	}
	return nil
}

func (p *preparation) writeSecrets() error {
	secrets := p.order.Secrets
	if secrets == nil {
		return nil
	}
	folder, err := inMemory(secrets.Folder)
	if err != nil {
		return err
	}
	for name, value := range secrets.Values {
		if err := writeFile(filepath.Join(folder, name), []byte(value), 0o400, p.user.owner()); err != nil {
			return err
		}
	}
	if err := os.Chown(folder, 0, int(p.user.gid)); err != nil {
		return err
	}
	return os.Chmod(folder, 0o550)
}

func (p *preparation) placeState() (*stateOrigin, error) {
	mount := p.order.State.Mount
	if p.state != nil {
		origin, err := p.state.prepare()
		if err == nil {
			err = link(mount, p.state.data)
		}
		return origin, err
	}
	if err := os.MkdirAll(mount, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(mount, 0o700); err != nil {
		return nil, err
	}
	// The entrypoint script would need a process to make it.
	folder := p.order.Env["STATE_DIR"]
	if filepath.Dir(folder) == mount {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
		if err := os.Chown(folder, int(p.user.uid), int(p.user.gid)); err != nil {
			return nil, err
		}
	}
	return nil, os.Chown(mount, int(p.user.uid), int(p.user.gid))
}

// inMemory returns a folder for secrets, which a link at the given place leads to unless a memory is mounted there.
func inMemory(folder string) (string, error) {
	if isInMemory(folder) {
		return folder, nil
	}
	if !isInMemory(sharedMemory) {
		return "", fmt.Errorf("secrets are given in memory only, and neither %s nor %s is a tmpfs", folder, sharedMemory)
	}
	target := filepath.Join(sharedMemory, "berth-secrets")
	if err := os.Mkdir(target, 0o700); err != nil {
		return "", err
	}
	return target, link(folder, target)
}

// isInMemory says whether a file system in memory is mounted at a folder.
func isInMemory(folder string) bool {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	for _, line := range strings.Split(string(mounts), "\n") {
		left, right, _ := strings.Cut(line, " - ")
		at, kind := strings.Fields(left), strings.Fields(right)
		if len(at) > 4 && at[4] == folder && len(kind) > 0 {
			return kind[0] == "tmpfs" || kind[0] == "ramfs"
		}
	}
	return false
}
