package main

import (
	"encoding/json"
	"time"
)

// milliseconds is a duration as Berth writes it.
type milliseconds float64

func (m milliseconds) duration() time.Duration {
	return time.Duration(float64(m) * float64(time.Millisecond))
}

// order is what Berth answers to whoever takes it up: how to make the container, and what to run in it.
type order struct {
	Token string `json:"token"`
	Lease lease  `json:"lease"`
	User  struct {
		UID uint32 `json:"uid"`
		GID uint32 `json:"gid"`
	} `json:"user"`
	Pids           *uint64           `json:"pids"`
	GraceMs        milliseconds      `json:"graceMs"`
	Command        []string          `json:"command"`
	WorkingDir     string            `json:"workingDir"`
	Env            map[string]string `json:"env"`
	Runner         runnerFolder      `json:"runner"`
	Files          []ownFile         `json:"files"`
	StopReasonFile string            `json:"stopReasonFile"`
	Links          []struct {
		Path   string `json:"path"`
		Target string `json:"target"`
	} `json:"links"`
	Code struct {
		Archives []archive `json:"archives"`
	} `json:"code"`
	Limits     archiveLimits `json:"limits"`
	CacheBytes int64         `json:"cacheBytes"`
	Secrets    *struct {
		Folder string            `json:"folder"`
		Values map[string]string `json:"values"`
	} `json:"secrets"`
	State  stateSettings `json:"state"`
	Result struct {
		Path     string `json:"path"`
		MaxBytes int64  `json:"maxBytes"`
	} `json:"result"`
}

type lease struct {
	RenewEveryMs milliseconds `json:"renewEveryMs"`
	StopAfterMs  milliseconds `json:"stopAfterMs"`
	KillAfterMs  milliseconds `json:"killAfterMs"`
	AgeMs        milliseconds `json:"ageMs"`
	IsStrict     bool         `json:"isStrict"`
}

// runnerFolder is the folder of the runner's own files, which all containers on a node share that have the same.
type runnerFolder struct {
	Folder string `json:"folder"`
	SHA256 string `json:"sha256"`
	// Compile is the compiler of the image, which is followed by the folders of the sources and of the bytecode. Empty if
	// there is none.
	Compile []string `json:"compile"`
}

// runnerContent is what Berth answers to a supervisor whose node does not have the runner's files.
type runnerContent struct {
	Files []struct {
		Path string `json:"path"`
		Text string `json:"text"`
		Mode uint32 `json:"mode"`
	} `json:"files"`
	Links map[string]string `json:"links"`
}

// ownFile is a file of the container alone.
type ownFile struct {
	Path   string `json:"path"`
	Text   string `json:"text"`
	Mode   uint32 `json:"mode"`
	IsBots bool   `json:"isBots"`
}

// archive is a ZIP archive, and where its content belongs.
type archive struct {
	How    string            `json:"how"` // copy, link or file
	Target string            `json:"target"`
	Name   string            `json:"name"`
	File   string            `json:"file"`
	SHA256 string            `json:"sha256"`
	URLs   []string          `json:"urls"`
	Extra  map[string]string `json:"extra"`
}

type archiveLimits struct {
	MaxEntries    int   `json:"maxEntries"`
	MaxTotalBytes int64 `json:"maxTotalBytes"`
	MaxFileBytes  int64 `json:"maxFileBytes"`
}

// stateSettings describe the state of the bot. Folder is empty if it keeps none.
type stateSettings struct {
	Mount    string       `json:"mount"`
	Folder   string       `json:"folder"`
	Bot      string       `json:"bot"`
	Version  any          `json:"version"`
	Mark     string       `json:"mark"`
	MaxBytes int64        `json:"maxBytes"`
	EveryMs  milliseconds `json:"everyMs"`
	Follows  bool         `json:"follows"`
	Last     *struct {
		Mark string `json:"mark"`
		Node string `json:"node"`
	} `json:"last"`
	Snapshot *struct {
		Name         string       `json:"name"`
		At           string       `json:"at"`
		AgeMs        milliseconds `json:"ageMs"`
		URLs         []string     `json:"urls"`
		SHA256       string       `json:"sha256"`
		ArchiveBytes int64        `json:"archiveBytes"`
		Bytes        int64        `json:"bytes"`
	} `json:"snapshot"`
	Restore string `json:"restore"` // empty if nobody asks for it
}

// renewal is the answer to a renewal.
type renewal struct {
	Token    string    `json:"token"`
	Requests []request `json:"requests"`
	// RenewInMs is when Berth expects the next renewal: it groups them.
	RenewInMs milliseconds `json:"renewInMs"`
}

// request is something that Berth asks for.
type request struct {
	ID             string            `json:"id"`
	Kind           string            `json:"kind"` // command or snapshot
	Command        []string          `json:"command"`
	Env            map[string]string `json:"env"`
	TimeoutMs      milliseconds      `json:"timeoutMs"`
	MaxOutputBytes int               `json:"maxOutputBytes"`
}

// requestAnswer is the answer to a request.
type requestAnswer struct {
	ID       string `json:"id"`
	End      string `json:"end"`
	ExitCode *int   `json:"exitCode,omitempty"`
	Output   string `json:"output"`
}

// stateOrigin says where the state came from.
type stateOrigin struct {
	From       string `json:"from"` // kept, restored or empty
	Snapshot   string `json:"snapshot,omitempty"`
	SnapshotAt string `json:"snapshotAt,omitempty"`
	Restore    string `json:"restore,omitempty"`
}

// toJSON encodes a value that always can be.
func toJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}
