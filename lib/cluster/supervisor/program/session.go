package main

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
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

// beginner is who takes an order up.
type beginner struct {
	Task  string `json:"task"`
	Node  string `json:"node"`
	Nonce string `json:"nonce"`
}

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
	startedAt time.Duration
	stop      *stopping
	isKilled  bool
}

func newSession() *session {
	hide()
	// Mostly it waits; a start takes less time with one, and threads count against the limit of the container.
	runtime.GOMAXPROCS(1)
	s := &session{events: make(chan func(), 64)}
	bootstrap, err := os.ReadFile(os.Getenv("BERTH_BOOTSTRAP_FILE"))
	if err != nil {
		s.leave(exitFailed, "the token of its order cannot be read: %v", err)
	}
	urls := strings.FieldsFunc(os.Getenv("BERTH_URLS"), func(each rune) bool { return each == ',' || each == ' ' })
	for index := range urls {
		urls[index] = strings.TrimRight(urls[index], "/")
	}
	s.berth, err = newBerth(urls, strings.TrimSpace(string(bootstrap)), os.Getenv("BERTH_CA_FILE"))
	if err != nil {
		s.leave(exitFailed, "Berth's certificate authority cannot be read: %v", err)
	}
	s.who = beginner{Task: os.Getenv("BERTH_TASK"), Node: os.Getenv("BERTH_NODE"), Nonce: s.berth.nonce}
	if s.who.Node == "" {
		s.who.Node, _ = os.Hostname()
	}
	s.cacheRoot = os.Getenv("BERTH_CACHE")
	if s.cacheRoot == "" {
		s.cacheRoot = "/berth-cache"
	}
	s.folder, _ = os.Getwd()
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "BERTH_") {
			s.inherited = append(s.inherited, entry)
		}
	}
	signals := make(chan os.Signal, 4)
	// A shell's background process ignores the last two. What has a handler here has the default one in the bot.
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT)
	go func() {
		for range signals {
			s.events <- s.onSignal
		}
	}()
	return s
}

// run runs the bot. It ends this process.
func (s *session) run() {
	s.begin()
	order := s.order
	s.oomBefore = outOfMemoryKills()
	if order.WorkingDir != "" {
		s.folder = order.WorkingDir
	}
	s.user = botUser{uid: order.User.UID, gid: order.User.GID, processes: order.Pids, fileBytes: order.State.MaxBytes}
	if err := s.fence.guard(); err != nil {
		s.leave(exitFailed, "%v", err)
	}
	s.renewer = &renewer{
		berth: s.berth, fence: s.fence, who: s.who, wakeup: make(chan struct{}, 1), handled: map[string]bool{},
		perform: func(request request) { s.events <- func() { go s.answer(request, s.bot != nil) } },
		onOver:  func() { s.events <- func() {} },
	}
	go s.renewer.run()
	var err error
	if s.cache, err = newCache(s.cacheRoot, s.who.Task, order.CacheBytes); err != nil {
		s.onFailed(fmt.Sprintf("cannot use the cache of the node: %v", err))
	}
	if order.State.Folder != "" {
		s.state = newState(order.State, s.cacheRoot, s.berth, s.user)
	}
	go s.prepare()
	s.loop()
}

// begin takes the order up; it ends this process if there is none.
func (s *session) begin() {
	until := now() + beginPatience
	for {
		askedAt, taken := now(), &order{}
		err := s.berth.call(http.MethodPost, "/supervisor/v1/begin", s.who, taken, beginLimit, s.berth.bootstrap)
		if err == nil {
			s.order = taken
			s.berth.setToken(taken.Token)
			s.fence = newFence(taken.Lease, askedAt)
			return
		}
		if isRefusedForGood(err) {
			s.leave(exitFenced, "Berth has no work for this container: %v", err)
		}
		if now() > until || len(s.events) > 0 {
			s.leave(exitFailed, "no order could be had from Berth: %v", err)
		}
		time.Sleep(retryEvery)
	}
}

func (s *session) prepare() {
	preparation := preparation{s.order, s.cache, s.berth, s.user, s.state}
	origin, err := preparation.run()
	if err != nil {
		s.events <- func() { s.onFailed(err.Error()) }
		return
	}
	s.events <- func() { s.onPrepared(origin) }
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
	s.bot, s.startedAt = bot, now()
	s.renewer.reportStart(s.startedAt)
	go func() {
		bot.Wait()
		s.events <- s.onExited
	}()
}

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
