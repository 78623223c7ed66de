package main

import (
	"errors"
	"math/rand"
	"net/http"
	"sync"
	"time"
)

const (
	retryAfter   = time.Second
	renewalLimit = 5 * time.Second
	maxAnswers   = 20
)

// renewer renews the lease, and carries what Berth and the supervisor have to tell each other.
type renewer struct {
	berth   *berth
	fence   *fence
	who     beginner
	perform func(request) // is called for each new request
	onOver  func()        // is called when Berth says that the lease is over
	wakeup  chan struct{}

	lock      sync.Mutex
	answers   []requestAnswer
	state     *stateOrigin
	startedAt time.Duration // 0 before the bot's start
	handled   map[string]bool
}

func (r *renewer) run() {
	wait := r.fence.renewEvery
	for {
		select {
		case <-time.After(wait):
		case <-r.wakeup:
		}
		wait = r.renew()
	}
}

func (r *renewer) wake() {
	select {
	case r.wakeup <- struct{}{}:
	default:
	}
}

// reportState tells Berth where the state came from, with the next renewal, which comes at once.
func (r *renewer) reportState(origin *stateOrigin) {
	r.lock.Lock()
	r.state = origin
	r.lock.Unlock()
	r.wake()
}

// reportStart tells Berth that the bot runs.
func (r *renewer) reportStart(at time.Duration) {
	r.lock.Lock()
	r.startedAt = at
	r.lock.Unlock()
	r.wake()
}

func (r *renewer) answer(answer requestAnswer) {
	r.lock.Lock()
	r.answers = append(r.answers, answer)
	r.lock.Unlock()
	r.wake()
}

// renew returns the time until the next renewal.
func (r *renewer) renew() time.Duration {
	r.lock.Lock()
	answers := append([]requestAnswer{}, r.answers[:min(maxAnswers, len(r.answers))]...)
	body := map[string]any{"nonce": r.berth.nonce, "answers": answers}
	if r.state != nil {
		body["state"] = r.state
	}
	if r.startedAt != 0 {
		body["ranForMs"] = (now() - r.startedAt).Milliseconds()
	}
	r.lock.Unlock()
	if usage := readUsage(); usage != nil {
		body["usage"] = usage
	}
	askedAt, answer := now(), renewal{}
	err := r.berth.call(http.MethodPost, "/supervisor/v1/renew", body, &answer, renewalLimit, "")
	var refusal *refused
	if errors.As(err, &refusal) {
		switch refusal.status {
		case http.StatusGone:
			r.end()
		case http.StatusUnauthorized:
			r.beginAgain()
		}
	}
	if err != nil {
		// Hundreds of supervisors do not try again at the same moment.
		return time.Duration(float64(min(retryAfter, r.fence.renewEvery)) * (1 - 0.2*rand.Float64()))
	}
	r.fence.confirm(askedAt)
	r.berth.setToken(answer.Token)
	r.lock.Lock()
	r.answers = r.answers[len(answers):]
	r.lock.Unlock()
	for _, request := range answer.Requests {
		if !r.handled[request.ID] {
			r.handled[request.ID] = true
			r.perform(request)
		}
	}
	if next := answer.RenewInMs.duration(); next > 0 && next < r.fence.renewEvery {
		return next
	}
	return r.fence.renewEvery
}

// beginAgain takes the supervisor's own order up once more: its token is over when Berth was not reached for long.
func (r *renewer) beginAgain() {
	var again order
	err := r.berth.call(http.MethodPost, "/supervisor/v1/begin", r.who, &again, renewalLimit, r.berth.bootstrap)
	if isRefusedForGood(err) {
		r.end()
	}
	if err == nil {
		r.berth.setToken(again.Token)
		r.wake()
	}
}

func (r *renewer) end() {
	r.fence.isOver.Store(true)
	r.onOver()
}

// isRefusedForGood says whether Berth has no work for this container.
func isRefusedForGood(err error) bool {
	var refusal *refused
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.status {
	case http.StatusUnauthorized, http.StatusConflict, http.StatusGone:
		return true
	}
	return false
}
