package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// owner is the user that a file is given to; nil for root.
type owner struct{ uid, gid int }

func (u botUser) owner() *owner { return &owner{int(u.uid), int(u.gid)} }

// writeFile writes a new file in the place of an earlier one.
func writeFile(path string, content []byte, mode fs.FileMode, owner *owner) error {
	file, err := newFile(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Write(content); err != nil {
		return err
	}
	// In this order: the supervisor may not change what belongs to the bot.
	if err := file.Chmod(mode); err != nil {
		return err
	}
	if owner != nil {
		if err := file.Chown(owner.uid, owner.gid); err != nil {
			return err
		}
	}
	return file.Close()
}

func newFile(path string) (*os.File, error) {
	for {
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = os.MkdirAll(filepath.Dir(path), 0o755)
		case errors.Is(err, fs.ErrExist):
			err = os.Remove(path)
		default:
			return file, err
		}
		if err != nil {
			return nil, err
		}
	}
}

// link makes a symbolic link in the place of whatever is there.
func link(path, target string) error {
	if err := makeWay(path); err != nil {
		return err
	}
	return os.Symlink(target, path)
}

// makeWay removes what is in the place of something of Berth's, as a mount would hide it.
func makeWay(path string) error {
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return os.MkdirAll(filepath.Dir(path), 0o755)
}

// copyFile copies a file with its mode and times over an earlier one, and gives the copy to a user.
func copyFile(source, target string, owner *owner) error {
	from, err := os.Open(source)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	to, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	if err := os.Chtimes(target, info.ModTime(), info.ModTime()); err != nil {
		return err
	}
	if err := to.Chmod(info.Mode().Perm()); err != nil {
		return err
	}
	if owner != nil {
		if err := to.Chown(owner.uid, owner.gid); err != nil {
			return err
		}
	}
	return to.Close()
}

// copyTree copies a tree of files and folders, and gives the copy to a user.
func copyTree(source, target string, owner *owner) error {
	return filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		into := target + path[len(source):]
		if !entry.IsDir() {
			return copyFile(path, into, owner)
		}
		if err := os.MkdirAll(into, 0o755); err != nil {
			return err
		}
		if err := os.Chmod(into, 0o755); err != nil {
			return err
		}
		return os.Chown(into, owner.uid, owner.gid)
	})
}
