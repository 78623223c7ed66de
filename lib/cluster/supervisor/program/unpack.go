package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	maxStateEntries  = 1_000_000
	maxManifestBytes = 1 << 16
)

// unpacker extracts a snapshot into an empty folder.
type unpacker struct {
	folder, bot string
	maxBytes    int64
	total       int64
	entries     int
	files       map[string]bool
	links       [][2]string // path and target
}

// unpackState extracts a tar.gz from stdin: FOLDER MAX_BYTES BOT.
func unpackState(arguments []string) (any, error) {
	if len(arguments) != 3 {
		return nil, errors.New("usage: unpack FOLDER MAX_BYTES BOT")
	}
	maxBytes, err := strconv.ParseInt(arguments[1], 10, 64)
	if err != nil {
		return nil, err
	}
	u := &unpacker{folder: arguments[0], bot: arguments[2], maxBytes: maxBytes, files: map[string]bool{}}
	zipped, err := gzip.NewReader(os.Stdin)
	if err != nil {
		return nil, err
	}
	for archive := tar.NewReader(zipped); ; {
		entry, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = u.add(entry, archive)
		}
		if err != nil {
			return nil, err
		}
	}
	// The checksum is behind the end of the archive.
	if _, err := io.Copy(io.Discard, zipped); err != nil {
		return nil, err
	}
	// Nothing is written any more, so that none of them leads a write elsewhere.
	for _, link := range u.links {
		if err := os.Symlink(link[1], link[0]); err != nil {
			return nil, err
		}
	}
	return map[string]int64{"files": int64(len(u.files)), "bytes": u.total}, nil
}

func (u *unpacker) add(entry *tar.Header, content io.Reader) error {
	if u.entries++; u.entries > maxStateEntries {
		return fmt.Errorf("the archive has more than %d entries", maxStateEntries)
	}
	name, err := safeName(entry.Name)
	if err != nil {
		return err
	}
	if u.entries == 1 && name == manifestName {
		return u.checkManifest(entry, content)
	}
	at := filepath.Join(u.folder, name)
	if name == "" || entry.Typeflag == tar.TypeDir {
		return os.MkdirAll(at, 0o700)
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		return err
	}
	switch entry.Typeflag {
	case tar.TypeSymlink:
		u.links = append(u.links, [2]string{at, entry.Linkname})
		return nil
	case tar.TypeLink:
		source, err := safeName(entry.Linkname)
		if err != nil {
			return err
		}
		if !u.files[source] {
			return fmt.Errorf("%.200q is a hard link to a file that the archive does not have", name)
		}
		return os.Link(filepath.Join(u.folder, source), at)
	case tar.TypeReg:
		if u.total += entry.Size; u.total > u.maxBytes {
			return fmt.Errorf("the archive holds more than %d bytes", u.maxBytes)
		}
		u.files[name] = true
		return writeEntry(entry, content, at)
	}
	return fmt.Errorf("%.200q is neither a file, a folder nor a link", name)
}

func (u *unpacker) checkManifest(entry *tar.Header, content io.Reader) error {
	if entry.Size > maxManifestBytes {
		return fmt.Errorf("%s has %d bytes", manifestName, entry.Size)
	}
	text, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	var manifest struct{ Bot any }
	if err := json.Unmarshal(text, &manifest); err != nil {
		return fmt.Errorf("%s: %w", manifestName, err)
	}
	if bot, isNamed := manifest.Bot.(string); isNamed && bot != u.bot {
		return fmt.Errorf("it is a snapshot of bot %.128q", bot)
	}
	return nil
}

func writeEntry(entry *tar.Header, content io.Reader, at string) error {
	file, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := io.CopyN(file, content, entry.Size); err != nil {
		return fmt.Errorf("the archive ends inside %.200q: %w", entry.Name, err)
	}
	if err := file.Chmod(fs.FileMode(entry.Mode & 0o777)); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Chtimes(at, entry.ModTime, entry.ModTime)
}

// safeName returns a name without needless parts, or refuses one that leads out of the folder.
func safeName(name string) (string, error) {
	for _, part := range strings.Split(name, "/") {
		if part == ".." {
			return "", leadsOut(name)
		}
	}
	if strings.HasPrefix(name, "/") || strings.Contains(name, "\x00") {
		return "", leadsOut(name)
	}
	if clean := path.Clean(name); clean != "." {
		return clean, nil
	}
	return "", nil
}

func leadsOut(name string) error { return fmt.Errorf("%.200q leads out of the folder", name) }
