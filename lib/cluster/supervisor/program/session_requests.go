package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// tell says how old a state is that another node wrote: what was written since is lost.
func (s *session) tell(origin *stateOrigin) {
	snapshot, last := s.order.State.Snapshot, s.order.State.Last
	isLost := last != nil && s.order.State.Restore == ""
	switch {
	case origin.From == "restored":
		minutes := max(0, int(math.Round(snapshot.AgeMs.duration().Minutes())))
		age := fmt.Sprintf("%d min", minutes)
		if minutes >= 120 {
			age = fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
		}
		lost := ""
		if isLost {
			lost = fmt.Sprintf("; what was written on node %s since is not there", last.Node)
		}
		say("state restored from snapshot %s, made %s ago%s", snapshot.Name, age, lost)
	case origin.From == "empty" && isLost:
		say("there is no snapshot of the state, which is on node %s: the bot begins with an empty one", last.Node)
	}
}

func (s *session) answer(request request, isRunning bool) {
	answer := s.do(request, isRunning)
	answer.ID = request.ID
	s.renewer.answer(answer)
}

func (s *session) do(request request, isRunning bool) requestAnswer {
	if request.Kind != "snapshot" {
		if !isRunning {
			return requestAnswer{End: "failed", Output: "the bot does not run yet"}
		}
		return s.user.runCommand(request, s.env(request.Env), s.folder)
	}
	err := errors.New("the bot keeps no state")
	name := ""
	if s.state != nil {
		name, err = s.state.snapshot("request", true)
	}
	if err != nil {
		return requestAnswer{End: "failed", Output: err.Error()}
	}
	return requestAnswer{End: "done", Output: name}
}

// env is the environment of the bot, and more.
func (s *session) env(more map[string]string) []string {
	values := map[string]string{}
	for _, entry := range s.inherited {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	for _, each := range []map[string]string{s.order.Env, more} {
		for name, value := range each {
			values[name] = value
		}
	}
	env := make([]string, 0, len(values))
	for name, value := range values {
		env = append(env, name+"="+value)
	}
	return env
}

func (s *session) measureState() {
	size, limit := s.state.size(), s.order.State.MaxBytes
	if size > limit && s.stop == nil {
		message := fmt.Sprintf("its state has %d MB, more than the %d MB that it may have", size>>20, limit>>20)
		say("%s; stopping the bot", message)
		s.beginStop("stopped", message, now()+s.order.GraceMs.duration())
	}
}

func (s *session) storeState() {
	if _, err := s.state.snapshot("interval", true); err != nil {
		say("no snapshot of the state was stored: %v", err) // the next one may succeed
	}
}
