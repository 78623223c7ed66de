package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

const (
	// finishPatience is how long Berth gets to take what there is.
	finishPatience = 20 * time.Second
	endLimit       = 5 * time.Second
	resultLimit    = 2 * time.Minute
	retryEvery     = time.Second
)

// endFacts tell Berth how the bot has ended.
type endFacts struct {
	Cause         string `json:"cause"`
	ExitCode      int    `json:"exitCode"`
	IsKilled      bool   `json:"isKilled"`
	IsOutOfMemory bool   `json:"isOutOfMemory"`
	IsStateStored *bool  `json:"isStateStored,omitempty"`
	Message       string `json:"message,omitempty"`
}

// finish stores the state and the result, and reports the end, as far as Berth can be reached: the container ends all the
// same.
func (s *session) finish(facts endFacts) {
	if facts.Cause == "fenced" && !s.fence.isRenewed() {
		return
	}
	if s.bot != nil && s.state != nil {
		isStored := attempt(func() error {
			_, err := s.state.snapshot("stop", false)
			return err
		})
		facts.IsStateStored = &isStored
	}
	if s.bot != nil {
		attempt(s.sendResult)
	}
	attempt(func() error {
		return s.berth.call(http.MethodPost, "/supervisor/v1/end", facts, nil, endLimit, "")
	})
}

// attempt tries until Berth can be reached. It returns whether the work is done.
func attempt(work func() error) bool {
	until := now() + finishPatience
	for {
		err := work()
		if err == nil {
			return true
		}
		var away *unreachable
		if !errors.As(err, &away) {
			say("%v", err) // what is left to do does not depend on it
			return false
		}
		if now() > until {
			say("Berth does not know of the end: %v", err)
			return false
		}
		time.Sleep(retryEvery)
	}
}

// sendResult sends the result of a run. The secrets go before it, so that Berth can hide them in it.
func (s *session) sendResult() error {
	result := s.order.Result
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reader.Close()
	read, err := s.user.help(nil, writer, "read", result.Path, strconv.FormatInt(result.MaxBytes, 10))
	writer.Close()
	if err != nil {
		return err
	}
	content, err := io.ReadAll(reader)
	if err = errors.Join(err, read.finish(&struct{}{})); err != nil {
		return nil // there is none, or none that can be used: Berth finds that out by itself
	}
	values := []string{}
	if s.order.Secrets != nil {
		for _, value := range s.order.Secrets.Values {
			values = append(values, value)
		}
	}
	body := append(append(toJSON(values), '\n'), content...)
	response, err := s.berth.open(http.MethodPut, "/supervisor/v1/result",
		func() (io.Reader, int64) { return bytes.NewReader(body), int64(len(body)) }, "", resultLimit, "")
	if err != nil {
		return err
	}
	return response.Close()
}
