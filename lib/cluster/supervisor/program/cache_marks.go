package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

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
