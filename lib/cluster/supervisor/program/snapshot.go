package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

// snapshot stores a snapshot, and returns its name; none if nothing has changed since the last one.
func (s *state) snapshot(reason string, isRunning bool) (string, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	before := s.fingerprint()
	if bytes.Equal(before, s.stored) && reason != "request" {
		return "", nil
	}
	name, err := s.store(reason, isRunning)
	var refusal *refused
	if errors.As(err, &refusal) {
		err = fmt.Errorf("cannot store a snapshot of the state: %w", err)
	}
	if err != nil {
		return "", err
	}
	s.stored = before
	return name, nil
}

func (s *state) store(reason string, isRunning bool) (string, error) {
	var opened struct {
		Name string   `json:"name"`
		URLs []string `json:"urls"`
	}
	archive := s.cache.newWork()
	defer os.Remove(archive)
	if err := s.berth.call(http.MethodPost, "/supervisor/v1/snapshots", struct{}{}, &opened, snapshotLimit, ""); err != nil {
		return "", err
	}
	facts, err := s.pack(archive, opened.Name)
	if err != nil {
		return "", err
	}
	if err := send(s.berth, opened.URLs, archive); err != nil {
		return "", fmt.Errorf("cannot store a snapshot of the state: %w", err)
	}
	facts.Reason, facts.Consistency = reason, "clean"
	if isRunning {
		facts.Consistency = "crash"
	}
	path := "/supervisor/v1/objects/snapshots/" + opened.Name
	return opened.Name, s.berth.call(http.MethodPost, path, facts, nil, snapshotLimit, "")
}

// snapshotFacts are what Berth is told of a snapshot.
type snapshotFacts struct {
	packFacts
	ArchiveBytes int64  `json:"archiveBytes"`
	SHA256       string `json:"sha256"`
	Reason       string `json:"reason"`
	Consistency  string `json:"consistency"`
}

func (s *state) pack(archive, name string) (facts snapshotFacts, err error) {
	maxBytes := tolerance * s.settings.MaxBytes
	manifest := toJSON(map[string]any{"bot": s.settings.Bot, "at": name, "version": s.settings.Version})
	reader, writer, err := os.Pipe()
	if err != nil {
		return facts, err
	}
	defer reader.Close()
	packer, err := s.user.help(nil, writer, "pack", s.data, strconv.FormatInt(maxBytes, 10), string(manifest))
	writer.Close()
	if err != nil {
		return facts, err
	}
	facts.ArchiveBytes, facts.SHA256, err = writeHashed(archive, reader, maxBytes+archiveSlack, func() {})
	if errors.Is(err, errTooLarge) {
		err = errors.New("the archive of the state is too large")
	}
	if err != nil {
		packer.process.Process.Kill()
	}
	return facts, errors.Join(err, packer.finish(&facts.packFacts))
}

// size is that of all files, in bytes.
func (s *state) size() int64 {
	total := int64(0)
	filepath.WalkDir(s.data, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}

// fingerprint changes when a file does.
func (s *state) fingerprint() []byte {
	digest := sha256.New()
	filepath.WalkDir(s.data, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == s.data {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			fmt.Fprintf(digest, "%s\x00%d\x00%d\x00%d\n", path, info.Mode(), info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	return digest.Sum(nil)
}
