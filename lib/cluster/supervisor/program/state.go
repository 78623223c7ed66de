package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// tolerance is how much larger than its limit a state may be and still become a snapshot.
	tolerance = 2
	// archiveSlack is how much larger than the state its archive may be, in bytes.
	archiveSlack  = 1 << 24
	snapshotLimit = 5 * time.Second
)

// state is the folder of the bot, which only this container writes to while it holds the lease. It is kept on its node,
// and brought to another one by snapshots.
type state struct {
	settings   stateSettings
	berth      *berth
	user       botUser
	cache      *cache
	home, data string

	lock   sync.Mutex
	stored []byte // fingerprint of what was stored last
}

// stateMeta says which start had the folder last, and which one before it; nil if there was none.
type stateMeta struct {
	Mark *string `json:"mark"`
	Base *string `json:"base"`
	UID  *uint32 `json:"uid"`
}

func newState(settings stateSettings, cache *cache, berth *berth, user botUser) *state {
	home := cache.path("states", settings.Folder)
	return &state{
		settings: settings, berth: berth, user: user, cache: cache,
		home: home, data: filepath.Join(home, "data"),
	}
}

// prepare makes the folder ready, and returns where its content came from.
func (s *state) prepare() (*stateOrigin, error) {
	if err := os.MkdirAll(s.home, 0o711); err != nil {
		return nil, err
	}
	if err := os.Chmod(s.home, 0o711); err != nil {
		return nil, err
	}
	os.RemoveAll(filepath.Join(s.home, "new"))
	meta, last, snapshot := s.readMeta(), s.settings.Last, s.settings.Snapshot
	isAsked := s.settings.Restore != ""
	origin := &stateOrigin{Restore: s.settings.Restore}
	var err error
	switch {
	case meta != nil && s.isNewest(meta) && !isAsked && isFolder(s.data):
		origin.From = "kept"
		err = s.give(*meta.UID)
	case last != nil && !s.settings.Follows && !isAsked:
		return nil, fmt.Errorf("its state is on node %s, and stays there (state.follow: false): start it there, or let its state follow",
			last.Node)
	case snapshot != nil:
		origin.From, origin.Snapshot, origin.SnapshotAt = "restored", snapshot.Name, snapshot.At
		err = s.restore()
	default:
		origin.From = "empty"
		var fresh string
		if fresh, err = s.newFolder(); err == nil {
			err = s.replaceBy(fresh)
		}
	}
	if err == nil {
		err = s.writeMeta()
	}
	return origin, err
}

// isNewest says whether the start that had the state last was on this node, or one after it that did not get to say so.
func (s *state) isNewest(meta *stateMeta) bool {
	if s.settings.Last == nil {
		return meta.Base == nil
	}
	return *meta.Mark == s.settings.Last.Mark || meta.Base != nil && *meta.Base == s.settings.Last.Mark
}

func (s *state) restore() error {
	snapshot, archive := s.settings.Snapshot, s.cache.newWork()
	defer os.Remove(archive)
	if err := fetch(s.berth, snapshot.URLs, archive, snapshot.SHA256, snapshot.ArchiveBytes, func() {}); err != nil {
		return fmt.Errorf("cannot fetch snapshot %s of its state: %w", snapshot.Name, err)
	}
	fresh, err := s.newFolder()
	if err != nil {
		return err
	}
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	unpacker, err := s.user.help(file, nil, "unpack", fresh, strconv.FormatInt(snapshot.Bytes, 10), s.settings.Bot)
	if err != nil {
		return err
	}
	if err := unpacker.finish(&struct{}{}); err != nil {
		return err
	}
	return s.replaceBy(fresh)
}

func (s *state) newFolder() (string, error) {
	fresh := filepath.Join(s.home, "new")
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return "", err
	}
	return fresh, os.Chown(fresh, int(s.user.uid), int(s.user.gid))
}

// replaceBy removes files that are older than the last snapshot, or belong to a history that was abandoned.
func (s *state) replaceBy(fresh string) error {
	if err := os.Remove(filepath.Join(s.home, "meta.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.RemoveAll(s.data); err != nil {
		return err
	}
	return os.Rename(fresh, s.data)
}

// give gives the files to the bot's user. Only those that its last user had: a link to any other file gives nothing.
func (s *state) give(uid uint32) error {
	if uid == s.user.uid {
		return nil
	}
	return filepath.WalkDir(s.data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Sys().(*syscall.Stat_t).Uid != uid {
			return err
		}
		return os.Lchown(path, int(s.user.uid), int(s.user.gid))
	})
}

func (s *state) readMeta() *stateMeta {
	var meta stateMeta
	text, err := os.ReadFile(filepath.Join(s.home, "meta.json"))
	if err != nil || json.Unmarshal(text, &meta) != nil || meta.Mark == nil || meta.UID == nil {
		return nil
	}
	return &meta
}

func (s *state) writeMeta() error {
	meta := stateMeta{Mark: &s.settings.Mark, UID: &s.user.uid}
	if s.settings.Last != nil {
		meta.Base = &s.settings.Last.Mark
	}
	part := s.cache.newWork()
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(part)
	_, err = file.Write(toJSON(meta))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(part, filepath.Join(s.home, "meta.json"))
}
