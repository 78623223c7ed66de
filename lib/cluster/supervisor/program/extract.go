package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const maxNameBytes = 255

// extract extracts a ZIP archive into a new folder. Only regular files and folders come out of it, none outside of the
// folder. Berth has checked the archive; it is checked here all the same. It calls beat now and then.
func extract(path, folder string, limits archiveLimits, beat func()) error {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return damaged(err)
	}
	defer archive.Close()
	if err := checkEntries(archive.File, limits); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	for _, entry := range archive.File {
		beat()
		if err := extractEntry(entry, folder, beat); err != nil {
			return err
		}
	}
	return nil
}

func damaged(err error) error { return fmt.Errorf("the archive is damaged: %w", err) }

func checkEntries(entries []*zip.File, limits archiveLimits) error {
	if len(entries) > limits.MaxEntries {
		return fmt.Errorf("the archive has %d entries, more than %d", len(entries), limits.MaxEntries)
	}
	total, seen := uint64(0), map[string]bool{}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name, "/")
		if kind := entry.ExternalAttrs >> 16 & syscall.S_IFMT; kind != 0 && kind != syscall.S_IFREG && kind != syscall.S_IFDIR {
			return fmt.Errorf("%.200q is neither a file nor a folder", name)
		}
		if !isEntryName(name) {
			return fmt.Errorf("%.200q is no name of a file in the archive", name)
		}
		if seen[name] {
			return fmt.Errorf("%.200q occurs twice", name)
		}
		seen[name] = true
		if entry.UncompressedSize64 > uint64(limits.MaxFileBytes) {
			return fmt.Errorf("%.200q is larger than %d bytes", name, limits.MaxFileBytes)
		}
		if total += entry.UncompressedSize64; total > uint64(limits.MaxTotalBytes) {
			return fmt.Errorf("the archive holds more than %d bytes", limits.MaxTotalBytes)
		}
	}
	return nil
}

func isEntryName(name string) bool {
	if strings.ContainsAny(name, "\\\x00") {
		return false
	}
	for _, part := range strings.Split(name, "/") {
		if part == "" || part == "." || part == ".." || len(part) > maxNameBytes {
			return false
		}
	}
	return true
}

func extractEntry(entry *zip.File, folder string, beat func()) error {
	path := filepath.Join(folder, entry.Name)
	if strings.HasSuffix(entry.Name, "/") {
		return os.MkdirAll(path, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	source, err := entry.Open()
	if err != nil {
		return damaged(err)
	}
	defer source.Close()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	size, err := copyBeating(file, io.LimitReader(source, int64(entry.UncompressedSize64)+1), beat)
	if err != nil {
		return damaged(err)
	}
	if size != int64(entry.UncompressedSize64) {
		return fmt.Errorf("%.200q has another size than it says", entry.Name)
	}
	mode := fs.FileMode(0o644)
	if entry.ExternalAttrs>>16&0o111 != 0 || isProgram(file) {
		mode = 0o755
	}
	if err := file.Chmod(mode); err != nil {
		return err
	}
	return file.Close()
}

// isProgram says whether a file is a program for the kernel.
func isProgram(file *os.File) bool {
	head := make([]byte, 4)
	_, err := file.ReadAt(head, 0)
	return err == nil && string(head) == "\x7fELF"
}

// extractArchive is extract for tests: ARCHIVE FOLDER LIMITS.
func extractArchive(arguments []string) (any, error) {
	if len(arguments) != 3 {
		return nil, errors.New("usage: extract ARCHIVE FOLDER LIMITS")
	}
	var limits archiveLimits
	if err := json.Unmarshal([]byte(arguments[2]), &limits); err != nil {
		return nil, err
	}
	return struct{}{}, extract(arguments[0], arguments[1], limits, func() {})
}
