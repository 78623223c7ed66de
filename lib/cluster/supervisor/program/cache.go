package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
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

// beat shows now and then that whoever fetches a tree is alive.
func (c *cache) beat(name string) func() {
	path, at := c.path("locks", name), now()
	return func() {
		if now()-at < beatEvery {
			return
		}
		at = now()
		if _, err := os.Lstat(path); err == nil {
			c.mark(path)
		}
	}
}

func (c *cache) use(name string) error {
	if err := os.MkdirAll(c.path("uses", name), 0o755); err != nil {
		return err
	}
	c.lock.Lock()
	c.held[name] = true
	c.lock.Unlock()
	return c.mark(c.path("uses", name, c.owner))
}

// alive shows that the container still uses its trees. It is cheap enough to be called often.
func (c *cache) alive() {
	if now()-c.usedAt <= useEvery {
		return
	}
	c.usedAt = now()
	for _, name := range c.heldNames() {
		if err := c.mark(c.path("uses", name, c.owner)); err != nil {
			// The disk is full, perhaps. At worst a tree is removed that is in use, and no bot ends for that.
			say("the cache of the node cannot be written: %v", err)
			return
		}
	}
}

func (c *cache) release() {
	for _, name := range c.heldNames() {
		os.Remove(c.path("uses", name, c.owner))
	}
}

func (c *cache) heldNames() []string {
	c.lock.Lock()
	defer c.lock.Unlock()
	names := []string{}
	for name := range c.held {
		names = append(names, name)
	}
	return names
}

// take locks a tree that is to be made. It returns whether it could.
func (c *cache) take(name string) (bool, error) {
	path := c.path("locks", name)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		file.Close()
		return true, c.mark(path)
	}
	if !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	if c.age(path) > staleLock {
		// If several find it stale, one of them moves it away.
		taken := c.newWork()
		if os.Rename(path, taken) == nil {
			os.Remove(taken)
		}
	}
	return false, nil
}

func (c *cache) free(name string) {
	path := c.path("locks", name)
	if text, err := os.ReadFile(path); err == nil && strings.HasSuffix(string(text), " "+c.owner) {
		os.Remove(path)
	}
}

// mark writes a sign of life, whole or not at all.
func (c *cache) mark(path string) error {
	part := c.newWork()
	err := os.WriteFile(part, fmt.Appendf(nil, "%s %.2f %s", c.boot, now().Seconds(), c.owner), 0o600)
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		os.Remove(part)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its folder was removed together with the tree
	}
	return err
}

// age is the time since the last sign of life; endless if there was none since the start of the machine.
func (c *cache) age(path string) time.Duration {
	text, _ := os.ReadFile(path)
	words := strings.Fields(string(text))
	if len(words) == 3 && words[0] == c.boot {
		if at, err := strconv.ParseFloat(words[1], 64); err == nil {
			return now() - time.Duration(at*float64(time.Second))
		}
	}
	// Just created, perhaps, and not marked yet.
	if info, err := os.Stat(path); err == nil && len(words) == 0 && time.Since(info.ModTime()).Abs() < staleLock {
		return 0
	}
	return forever
}

func (c *cache) isUsed(name string) bool {
	for _, user := range namesIn(c.path("uses", name)) {
		if c.age(c.path("uses", name, user)) < staleUse {
			return true
		}
	}
	return false
}

// evict removes the trees that were used least recently until the rest fits, and what dead supervisors have left.
func (c *cache) evict() {
	names, total := namesIn(c.path("trees")), int64(0)
	for _, name := range names {
		total += c.bytesOf(name)
	}
	usedAt := func(name string) time.Time { return changedAt(c.path("trees", name)) }
	sort.Slice(names, func(a, b int) bool { return usedAt(names[a]).Before(usedAt(names[b])) })
	for _, name := range names {
		if total <= c.maxBytes {
			break
		}
		if c.isUsed(name) {
			continue
		}
		total -= c.bytesOf(name)
		c.remove(name)
	}
	c.sweep("work", staleWork)
	c.sweep("programs", staleProgram)
}

// remove removes a tree, unless somebody begins to use it.
func (c *cache) remove(name string) {
	path, away := c.path("trees", name), c.newWork()
	if os.Rename(path, away) != nil {
		return
	}
	if c.isUsed(name) && os.Rename(away, path) == nil {
		return
	}
	os.RemoveAll(away)
	os.RemoveAll(c.path("uses", name))
}

// sweep removes what nobody has changed for long.
func (c *cache) sweep(folder string, stale time.Duration) {
	for _, name := range namesIn(c.path(folder)) {
		path := c.path(folder, name)
		newest := changedAt(path)
		for _, entry := range namesIn(path) {
			if at := changedAt(filepath.Join(path, entry)); at.After(newest) {
				newest = at
			}
		}
		if time.Since(newest) > stale {
			os.RemoveAll(path)
		}
	}
}

func (c *cache) bytesOf(name string) int64 {
	var facts struct{ Bytes int64 }
	text, _ := os.ReadFile(c.path("trees", name, treeFacts))
	json.Unmarshal(text, &facts)
	return facts.Bytes
}

// sizeOf is the size on the disk, folders included, in bytes.
func sizeOf(folder string) int64 {
	total := int64(0)
	filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			total += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return nil
	})
	return total
}

func namesIn(folder string) []string {
	entries, _ := os.ReadDir(folder)
	names := make([]string, len(entries))
	for index, entry := range entries {
		names[index] = entry.Name()
	}
	return names
}

// changedAt is now for what is gone meanwhile.
func changedAt(path string) time.Time {
	info, err := os.Lstat(path)
	if err != nil {
		return time.Now()
	}
	return info.ModTime()
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
