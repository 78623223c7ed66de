package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// manifestName is the first entry of a snapshot, which says whose state it is.
const manifestName = ".berth-state.json"

// packFacts are what Berth keeps of a snapshot.
type packFacts struct {
	Files   int64 `json:"files"`
	Bytes   int64 `json:"bytes"`
	LeftOut int64 `json:"leftOut"`
}

type inode struct{ device, number uint64 }

// packer writes a folder as an archive.
type packer struct {
	tar      *tar.Writer
	maxBytes int64
	facts    packFacts
	inodes   map[inode]string // names of files with several
}

// packState writes a folder to stdout as tar.gz: FOLDER MAX_BYTES MANIFEST.
func packState(arguments []string) (any, error) {
	if len(arguments) != 3 {
		return nil, errors.New("usage: pack FOLDER MAX_BYTES MANIFEST")
	}
	folder, manifest := arguments[0], arguments[2]
	maxBytes, err := strconv.ParseInt(arguments[1], 10, 64)
	if err != nil {
		return nil, err
	}
	zipped, err := gzip.NewWriterLevel(os.Stdout, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	p := &packer{tar: tar.NewWriter(zipped), maxBytes: maxBytes, inodes: map[inode]string{}}
	first := &tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(manifest)), Format: tar.FormatPAX}
	if err := p.tar.WriteHeader(first); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(p.tar, manifest); err != nil {
		return nil, err
	}
	// Folders come before what is in them.
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if path != folder && err == nil {
			err = p.add(path, path[len(folder)+1:])
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			return nil // it is gone since the folder was listed
		}
		return err
	})
	return p.facts, errors.Join(err, p.tar.Close(), zipped.Close())
}

func (p *packer) add(path, name string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	header := &tar.Header{
		Name: name, Mode: int64(info.Mode().Perm()), ModTime: info.ModTime().Truncate(time.Second), Format: tar.FormatPAX,
	}
	switch {
	case info.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, name+"/"
	case info.Mode()&fs.ModeSymlink != 0:
		header.Typeflag = tar.TypeSymlink
		if header.Linkname, err = os.Readlink(path); err != nil {
			return err
		}
	case info.Mode().IsRegular():
		return p.addFile(path, header)
	default:
		p.facts.LeftOut++
		return nil
	}
	return p.tar.WriteHeader(header)
}

func (p *packer) addFile(path string, header *tar.Header) error {
	file, info, err := openRegular(path)
	if errors.Is(err, errNotRegular) {
		p.facts.LeftOut++
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	stat := info.Sys().(*syscall.Stat_t)
	id := inode{uint64(stat.Dev), stat.Ino}
	if first, isKnown := p.inodes[id]; isKnown {
		header.Typeflag, header.Linkname = tar.TypeLink, first
		return p.tar.WriteHeader(header)
	}
	if stat.Nlink > 1 {
		p.inodes[id] = header.Name
	}
	p.facts.Files++
	if p.facts.Bytes += info.Size(); p.facts.Bytes > p.maxBytes {
		return fmt.Errorf("the state has more than %d bytes", p.maxBytes)
	}
	header.Typeflag, header.Size = tar.TypeReg, info.Size()
	if err := p.tar.WriteHeader(header); err != nil {
		return err
	}
	// A file that has become shorter is filled with zeros, a longer one is cut.
	_, err = io.CopyN(p.tar, io.MultiReader(file, zeros{}), info.Size())
	return err
}

// zeros are read endlessly.
type zeros struct{}

func (zeros) Read(buffer []byte) (int, error) {
	clear(buffer)
	return len(buffer), nil
}
