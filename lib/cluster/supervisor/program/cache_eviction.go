package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"syscall"
	"time"
)

func (c *cache) release() {
	for _, name := range c.heldNames() {
		os.Remove(c.path("uses", name, c.owner))
	}
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
	type tree struct {
		name   string
		bytes  int64
		usedAt time.Time
	}
	trees, total := []tree{}, int64(0)
	for _, name := range namesIn(c.path("trees")) {
		bytes := c.bytesOf(name)
		trees, total = append(trees, tree{name, bytes, changedAt(c.path("trees", name))}), total+bytes
	}
	sort.Slice(trees, func(a, b int) bool { return trees[a].usedAt.Before(trees[b].usedAt) })
	for _, tree := range trees {
		if total <= c.maxBytes {
			break
		}
		if c.isUsed(tree.name) {
			continue
		}
		total -= tree.bytes
		c.remove(tree.name)
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
