package main

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// early is how long before the kernel ends both that the supervisor ends the bot.
const early = 200 * time.Millisecond

const never = time.Duration(math.MaxInt64)

// fence knows until when the bot may live. A renewal counts from the moment before it was asked for.
type fence struct {
	renewEvery, stopAfter, killAfter time.Duration
	isStrict                         bool
	isOver                           atomic.Bool // Berth has said so

	lock      sync.Mutex
	confirmed time.Duration
	timer     *deathTimer
}

func newFence(lease lease, askedAt time.Duration) *fence {
	return &fence{
		renewEvery: lease.RenewEveryMs.duration(),
		stopAfter:  lease.StopAfterMs.duration(),
		killAfter:  lease.KillAfterMs.duration(),
		isStrict:   lease.IsStrict,
		confirmed:  askedAt - lease.AgeMs.duration(),
	}
}

// guard makes the kernel end this process when the lease is over.
func (f *fence) guard() error {
	if !f.isStrict {
		return nil
	}
	timer, err := newDeathTimer()
	if err != nil {
		return err
	}
	f.timer = timer
	return timer.set(f.confirmed + f.killAfter - now())
}

// confirm counts a renewal. One that was asked for too long ago changes nothing: the end may have begun.
func (f *fence) confirm(askedAt time.Duration) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if askedAt <= f.confirmed || f.isStrict && now() >= f.confirmed+f.killAfter-early {
		return
	}
	if f.timer != nil {
		if err := f.timer.set(askedAt + f.killAfter - now()); err != nil {
			say("%v", err)
			return
		}
	}
	f.confirmed = askedAt
}

func (f *fence) stopAt() time.Duration { return f.after(f.stopAfter) }

func (f *fence) killAt() time.Duration { return f.after(f.killAfter - early) }

func (f *fence) after(time time.Duration) time.Duration {
	if !f.isStrict {
		return never
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.confirmed + time
}

// isRenewed says whether the lease is held, and for some time: renewals work, or work again.
func (f *fence) isRenewed() bool { return !f.isOver.Load() && now() < f.stopAt() }
