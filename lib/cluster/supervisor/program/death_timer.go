package main

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

// deathTimer makes the kernel kill this process after a time, whatever the process does until then: it may be stopped, or
// have no processor time. The shell that started it then ends, which ends everything in the container.
type deathTimer struct{ id int32 }

// sigevent is that of timer_create(2) on 64-bit machines.
type sigevent struct {
	value  uintptr
	signo  int32
	notify int32 // 0: send the signal
	_      [48]byte
}

// itimerspec is that of timer_settime(2).
type itimerspec struct{ interval, value syscall.Timespec }

const clockBoottime = 7 // also passes while the machine sleeps

func newDeathTimer() (*deathTimer, error) {
	event, timer := sigevent{signo: int32(syscall.SIGKILL)}, &deathTimer{}
	_, _, problem := syscall.Syscall(syscall.SYS_TIMER_CREATE, clockBoottime,
		uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&timer.id)))
	if problem != 0 {
		return nil, fmt.Errorf("the kernel gives no timer: %w", problem)
	}
	return timer, nil
}

// set moves the end to a time from now on.
func (t *deathTimer) set(left time.Duration) error {
	// No time at all would be no end at all.
	spec := itimerspec{value: syscall.NsecToTimespec(int64(max(1, left)))}
	_, _, problem := syscall.Syscall6(syscall.SYS_TIMER_SETTIME, uintptr(t.id), 0,
		uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if problem != 0 {
		return fmt.Errorf("the kernel does not set the timer: %w", problem)
	}
	return nil
}
