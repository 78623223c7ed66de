package main

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// beginner is who takes an order up.
type beginner struct {
	Task  string `json:"task"`
	Node  string `json:"node"`
	Nonce string `json:"nonce"`
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
		s.state = newState(order.State, s.cache, s.berth, s.user)
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
