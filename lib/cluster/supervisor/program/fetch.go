package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// objectLimit is the longest time for one object.
const objectLimit = 10 * time.Minute

// fetch writes an object to a new file, from the first address that gives the right one. Addresses that begin with a
// slash are Berth's own, for nodes that cannot reach the object store.
func fetch(b *berth, urls []string, path, wanted string, maxBytes int64, beat func()) error {
	var problems []string
	for _, url := range urls {
		err := fetchFrom(b, url, path, wanted, maxBytes, beat)
		if err == nil {
			return nil
		}
		problems = append(problems, err.Error())
		os.Remove(path)
	}
	return problemOf(problems)
}

func fetchFrom(b *berth, url, path, wanted string, maxBytes int64, beat func()) error {
	source, err := openObject(b, url)
	if err != nil {
		return err
	}
	defer source.Close()
	_, digest, err := writeHashed(path, source, maxBytes, beat)
	if errors.Is(err, errTooLarge) {
		return fmt.Errorf("it has more than %d bytes", maxBytes)
	}
	if err == nil && digest != wanted {
		return errors.New("it is not the object that was checked: its SHA-256 differs")
	}
	return err
}

var errTooLarge = errors.New("too large")

// writeHashed writes a new file. It returns its size and its SHA-256.
func writeHashed(path string, source io.Reader, maxBytes int64, beat func()) (int64, string, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, "", err
	}
	defer file.Close()
	digest := sha256.New()
	size, err := copyBeating(io.MultiWriter(file, digest), io.LimitReader(source, maxBytes+1), beat)
	if err == nil && size > maxBytes {
		err = errTooLarge
	}
	return size, hex.EncodeToString(digest.Sum(nil)), errors.Join(err, file.Close())
}

func openObject(b *berth, url string) (io.ReadCloser, error) {
	if strings.HasPrefix(url, "/") {
		return b.open(http.MethodGet, url, nil, "", objectLimit, "")
	}
	response, err := b.exchange(http.MethodGet, url, nil, nil, objectLimit)
	if err != nil {
		return nil, err
	}
	return response.Body, checkStored(response)
}

// send stores a file at the first address that takes it.
func send(b *berth, urls []string, path string) error {
	var problems []string
	for _, url := range urls {
		err := sendTo(b, url, path)
		if err == nil {
			return nil
		}
		problems = append(problems, err.Error())
	}
	return problemOf(problems)
}

func sendTo(b *berth, url, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	body := func() (io.Reader, int64) {
		file.Seek(0, io.SeekStart) // an earlier address may have read it
		return io.NopCloser(file), info.Size()
	}
	if strings.HasPrefix(url, "/") {
		response, err := b.open(http.MethodPut, url, body, "", objectLimit, "")
		if err != nil {
			return err
		}
		return response.Close()
	}
	response, err := b.exchange(http.MethodPut, url, body, nil, objectLimit)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return checkStored(response)
}

func checkStored(response *http.Response) error {
	if response.StatusCode == http.StatusOK {
		return nil
	}
	response.Body.Close()
	return fmt.Errorf("the object store answers %d", response.StatusCode)
}

func problemOf(problems []string) error {
	if len(problems) == 0 {
		return errors.New("there is no address")
	}
	return errors.New(strings.Join(problems, "; "))
}

// copyBeating copies, and shows now and then that it is alive.
func copyBeating(target io.Writer, source io.Reader, beat func()) (int64, error) {
	buffer, total := make([]byte, 1<<16), int64(0)
	for {
		count, err := source.Read(buffer)
		if count > 0 {
			if _, err := target.Write(buffer[:count]); err != nil {
				return total, err
			}
			total += int64(count)
			beat()
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}
