package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// refused says that Berth has answered, and refused.
type refused struct {
	status  int
	message string
}

func (r *refused) Error() string { return r.message }

// unreachable says that no address has answered in time.
type unreachable struct{ message string }

func (u *unreachable) Error() string { return u.message }

// berth calls Berth's routes for supervisors, at whichever of its addresses answers.
type berth struct {
	bootstrap, nonce string
	client           *http.Client

	lock  sync.Mutex
	urls  []string // the one that has answered last comes first
	token string
}

func newBerth(urls []string, bootstrap, caFile string) (*berth, error) {
	transport := &http.Transport{
		// One connection serves the renewals. The proxy of a bot's environment is the bot's.
		MaxIdleConnsPerHost: 1,
		DisableCompression:  true,
		TLSNextProto:        map[string]func(string, *tls.Conn) http.RoundTripper{}, // no HTTP/2
		DialContext:         (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext,
	}
	if caFile != "" {
		roots, err := authorities(caFile)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &berth{
		urls:      urls,
		bootstrap: bootstrap,
		nonce:     randomHex(32),
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// authorities are those of the image and those of a PEM file.
func authorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificates", file)
	}
	return roots, nil
}

func (b *berth) setToken(token string) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if token != "" {
		b.token = token
	}
}

// call sends JSON and reads JSON into answer, unless they are nil. It uses the token of the session unless it is given
// another one. It returns a *refused or an *unreachable.
func (b *berth) call(method, path string, value, answer any, limit time.Duration, token string) error {
	var body func() (io.Reader, int64)
	contentType := ""
	if value != nil {
		text := toJSON(value)
		body, contentType = func() (io.Reader, int64) { return bytes.NewReader(text), int64(len(text)) }, "application/json"
	}
	response, err := b.open(method, path, body, contentType, limit, token)
	if err != nil {
		return err
	}
	defer response.Close()
	text, err := io.ReadAll(response)
	if err == nil && answer != nil && len(text) > 0 {
		err = json.Unmarshal(text, answer)
	}
	if err != nil {
		return &unreachable{fmt.Sprintf("the answer broke off: %v", err)}
	}
	return nil
}

// open opens a response, trying each address. The limit is for all of the exchange, however slowly the response comes.
// The body, if any, is opened for each address.
func (b *berth) open(method, path string, body func() (io.Reader, int64), contentType string, limit time.Duration, token string) (io.ReadCloser, error) {
	b.lock.Lock()
	urls := append([]string(nil), b.urls...)
	if token == "" {
		token = b.token
	}
	b.lock.Unlock()
	header := http.Header{"Authorization": {"Bearer " + token}}
	if contentType != "" {
		header.Set("Content-Type", contentType)
	}
	problem := "there is no address"
	for _, url := range urls {
		response, err := b.exchange(method, url+path, body, header, limit)
		if err != nil {
			problem = fmt.Sprintf("%s: %v", url, err)
			continue
		}
		if response.StatusCode >= 500 {
			problem = fmt.Sprintf("%s: %d %s", url, response.StatusCode, describe(response.Body))
			response.Body.Close()
			continue
		}
		b.prefer(url)
		if response.StatusCode >= 400 {
			defer response.Body.Close()
			return nil, &refused{response.StatusCode, describe(response.Body)}
		}
		return response.Body, nil
	}
	return nil, &unreachable{problem}
}

// exchange makes one request to one address. The body of the response ends with the limit.
func (b *berth) exchange(method, address string, body func() (io.Reader, int64), header http.Header, limit time.Duration) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	var content io.Reader
	var size int64
	if body != nil {
		content, size = body()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		cancel()
		return nil, err
	}
	if body != nil {
		request.ContentLength = size
	}
	request.Header = header.Clone()
	response, err := b.client.Do(request)
	if err != nil {
		cancel()
		var about *url.Error
		if errors.As(err, &about) {
			err = about.Err // the address has a signature, perhaps
		}
		return nil, err
	}
	response.Body = &limited{response.Body, cancel}
	return response, nil
}

// limited is the body of a response, which frees its timer when it is closed.
type limited struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (l *limited) Close() error {
	// The connection can be used again if nothing is left in it.
	io.Copy(io.Discard, io.LimitReader(l.ReadCloser, 1<<16))
	defer l.cancel()
	return l.ReadCloser.Close()
}

// prefer asks an address first from now on.
func (b *berth) prefer(url string) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if b.urls[0] == url {
		return
	}
	urls := []string{url}
	for _, other := range b.urls {
		if other != url {
			urls = append(urls, other)
		}
	}
	b.urls = urls
}

// describe reads the message of a refusal.
func describe(body io.Reader) string {
	var problem struct{ Detail, Advice string }
	text, _ := io.ReadAll(io.LimitReader(body, 1<<16))
	if json.Unmarshal(text, &problem) != nil {
		return ""
	}
	return strings.TrimSpace(problem.Detail + " " + problem.Advice)
}

func randomHex(bytes int) string {
	random := make([]byte, bytes)
	if _, err := rand.Read(random); err != nil {
		panic(err)
	}
	return hex.EncodeToString(random)
}
