package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// cache has the archives of a node, extracted once for all its containers.
//
//	trees/NAME/   a tree, whole since it was renamed to its place; only root may list `trees`
//	uses/NAME/ID  a container that uses it: the start of the machine, and the time of the last sign of life
//	locks/NAME    the container that fetches it
//	work/         what is not complete
//	programs/     versions of this program
//
// Several supervisors work here at once, and each may be killed at any moment. The time is that of the machine, which all
// containers of a node share.
type cache struct {
	root, owner, boot string
	maxBytes          int64

	lock   sync.Mutex
	held   map[string]bool
	usedAt time.Duration
}

const (
	staleLock    = 15 * time.Second // without a sign of life
	staleUse     = 10 * time.Minute
	useEvery     = time.Minute
	staleWork    = time.Hour
	staleProgram = 30 * 24 * time.Hour
	beatEvery    = 2 * time.Second
	waitForLock  = 250 * time.Millisecond
	treeFacts    = ".berth-tree.json"
	forever      = time.Duration(1<<63 - 1)
)

func newCache(root, owner string, maxBytes int64) (*cache, error) {
	boot, err := bootID()
	if err != nil {
		return nil, err
	}
	c := &cache{root: root, owner: owner, boot: boot, maxBytes: maxBytes, held: map[string]bool{}}
	for _, folder := range []struct {
		name string
		mode fs.FileMode
	}{{"", 0o711}, {"trees", 0o711}, {"uses", 0o700}, {"locks", 0o700}, {"work", 0o700}, {"states", 0o711}} {
		if err := os.MkdirAll(c.path(folder.name), folder.mode); err != nil {
			return nil, err
		}
		if err := os.Chmod(c.path(folder.name), folder.mode); err != nil {
			return nil, err
		}
	}
	// A version that is in use is not old.
	if program, err := os.Executable(); err == nil {
		at := time.Now()
		os.Chtimes(program, at, at)
	}
	return c, nil
}

func (c *cache) path(parts ...string) string {
	return filepath.Join(append([]string{c.root}, parts...)...)
}

// newWork names something that is not complete.
func (c *cache) newWork() string { return c.path("work", randomHex(16)) }

// tree returns the folder of a tree. If there is none yet, make fills a new folder, calling beat now and then.
func (c *cache) tree(name string, make func(folder string, beat func()) error) (string, error) {
	path := c.path("trees", name)
	for {
		if err := c.use(name); err != nil {
			return "", err
		}
		// A remover of trees looks at their uses first, so a tree that is there now stays.
		if isFolder(path) {
			at := time.Now()
			return path, os.Chtimes(path, at, at)
		}
		isMine, err := c.take(name)
		if err != nil {
			return "", err
		}
		if !isMine {
			time.Sleep(waitForLock)
			continue
		}
		if !isFolder(path) {
			err = c.make(name, make)
		}
		c.free(name)
		if err != nil {
			return "", err
		}
		c.evict()
	}
}

func (c *cache) make(name string, make func(string, func()) error) error {
	work := c.newWork()
	defer os.RemoveAll(work)
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	if err := make(work, c.beat(name)); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(work, treeFacts), toJSON(map[string]int64{"bytes": sizeOf(work)}), 0o644); err != nil {
		return err
	}
	// A machine that loses its power must not keep a tree of empty files.
	syscall.Sync()
	if err := os.Rename(work, c.path("trees", name)); err != nil && !isFolder(c.path("trees", name)) {
		return err
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
