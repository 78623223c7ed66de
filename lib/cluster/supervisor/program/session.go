package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	beginPatience = time.Minute // until a supervisor that gets no order gives up
	beginLimit    = 10 * time.Second
	// reasonPatience is how long Berth gets to say why it stops the bot.
	reasonPatience = 2 * time.Second
	lookEvery      = 5 * time.Second // a machine may have slept, which stops the timers of this program
	measureEvery   = time.Minute
	maxMessage     = 4000
	stoppedCode    = 128 + int(syscall.SIGTERM)
)

// stopping is a stop that has begun.
type stopping struct {
	cause  string
	killAt time.Duration
}

// session is one bot from its order to its end. One goroutine decides, by events; others wait for Berth, for the code and
// for the bot.
type session struct {
	berth     *berth
	who       beginner
	cacheRoot string
	folder    string // the working directory of the bot: at first the image's own
	inherited []string
	events    chan func()

	order     *order
	oomBefore int64
	user      botUser
	fence     *fence
	renewer   *renewer
	cache     *cache
	state     *state // nil if the bot keeps none
	bot       *exec.Cmd
	stop      *stopping
	isKilled  bool
}

func (s *session) loop() {
	measuredAt, storedAt := now(), now()
	timer := time.NewTimer(0)
	for {
		timer.Reset(s.patience())
		select {
		case event := <-s.events:
			event()
		case <-timer.C:
		}
		s.look()
		s.cache.alive()
		if s.state == nil || s.bot == nil {
			continue
		}
		if now()-measuredAt > measureEvery {
			measuredAt = now()
			s.measureState()
		}
		if now()-storedAt > s.order.State.EveryMs.duration() {
			storedAt = now()
			go s.storeState()
		}
	}
}

// patience is the time until there is something to look at. Hundreds of supervisors share a node: each wakes up rarely.
func (s *session) patience() time.Duration {
	due := s.fence.stopAt()
	if s.stop != nil {
		due = s.stop.killAt
	}
	return min(lookEvery, max(10*time.Millisecond, min(due, s.fence.killAt())-now()))
}

// look compares the time with what it allows.
func (s *session) look() {
	at := now()
	if s.fence.isOver.Load() || at >= s.fence.killAt() {
		s.endFenced()
	}
	if s.stop == nil && at >= s.fence.stopAt() {
		reason := "Berth did not renew the lease in time: another copy may be started"
		say("%s; stopping the bot", reason)
		s.beginStop("fenced", reason, s.fence.killAt())
	}
	if s.stop != nil && at >= min(s.stop.killAt, s.fence.killAt()) && !s.isKilled {
		s.isKilled = true
		s.user.killAll()
	}
}

func (s *session) onSignal() {
	if s.stop != nil {
		return
	}
	if s.bot == nil {
		s.end("stopped", stoppedCode, "")
	}
	// The time of the bot's own stop begins with its signal, which comes after the reason.
	s.stop = &stopping{"stopped", now() + reasonPatience + s.order.GraceMs.duration()}
	go func() {
		var answer struct{ Reason string }
		s.berth.call(http.MethodPost, "/supervisor/v1/stopping", struct{}{}, &answer, reasonPatience, "")
		s.events <- func() { s.beginStop("stopped", answer.Reason, now()+s.order.GraceMs.duration()) }
	}()
}

func (s *session) beginStop(cause, reason string, killAt time.Duration) {
	s.stop = &stopping{cause, killAt}
	if s.bot == nil {
		s.end(cause, codeOf(cause, stoppedCode), "")
	}
	if err := os.WriteFile(s.order.StopReasonFile, []byte(reason), 0o644); err != nil {
		say("the reason of the stop is not told: %v", err)
	}
	s.bot.Process.Signal(syscall.SIGTERM)
}

func (s *session) onPrepared(origin *stateOrigin) {
	if origin != nil {
		s.renewer.reportState(origin)
		s.tell(origin)
	}
	bot, err := s.user.start(s.order.Command, s.env(nil), s.folder)
	if err != nil {
		s.onFailed(fmt.Sprintf("cannot start the bot: %v", err))
	}
	s.bot = bot
	s.renewer.reportStart(now())
	go func() {
		bot.Wait()
		s.events <- s.onExited
	}()
}

func (s *session) onFailed(message string) {
	say("%s", message)
	s.end("failed", exitFailed, message)
}

func (s *session) onExited() {
	s.user.killAll()
	cause := "exited"
	if s.stop != nil {
		cause = s.stop.cause
	}
	s.end(cause, codeOf(cause, exitCode(s.bot.ProcessState)), "")
}

// codeOf is the exit code of the container.
func codeOf(cause string, code int) int {
	if cause == "fenced" {
		return exitFenced
	}
	return code
}

func (s *session) endFenced() {
	if s.bot != nil {
		s.user.killAll()
	}
	s.leave(exitFenced, "the lease is over; the bot was ended")
}

// end is called when nothing of the bot lives any more. It ends this process.
func (s *session) end(cause string, code int, message string) {
	s.finish(endFacts{
		Cause: cause, ExitCode: code, IsKilled: s.isKilled, Message: message[:min(len(message), maxMessage)],
		IsOutOfMemory: outOfMemoryKills() > s.oomBefore,
	})
	s.leave(code, "")
}

func (s *session) leave(code int, format string, values ...any) {
	if format != "" {
		say(format, values...)
	}
	if s.cache != nil {
		s.cache.release()
	}
	os.Exit(code)
}
