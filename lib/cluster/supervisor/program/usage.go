package main

import (
	"os"
	"strconv"
	"strings"
)

const controlGroup = "/sys/fs/cgroup"

// usage is what the container uses, as Berth takes it.
type usage struct {
	CPUSeconds       float64 `json:"cpuSeconds"`
	MemoryBytes      int64   `json:"memoryBytes"`
	MemoryLimitBytes int64   `json:"memoryLimitBytes,omitempty"`
	Processes        int64   `json:"processes,omitempty"`
}

// unlimited is more memory than any machine has: version 1 of control groups has a number for no limit.
const unlimited = 1 << 60

// readUsage measures the container by its control group. It returns nil where the container does not see that.
func readUsage() *usage {
	if usage := readVersion2(); usage != nil {
		return usage
	}
	return readVersion1()
}

func readVersion2() *usage {
	cpu, hasCPU := readTable(controlGroup + "/cpu.stat")["usage_usec"]
	memory, hasMemory := readNumber(controlGroup + "/memory.current")
	if !hasCPU || !hasMemory {
		return nil
	}
	droppable := readTable(controlGroup + "/memory.stat")["inactive_file"]
	return newUsage(float64(cpu)/1e6, memory-droppable, controlGroup+"/memory.max", controlGroup+"/pids.current")
}

func readVersion1() *usage {
	cpu, hasCPU := readNumber(controlGroup + "/cpuacct/cpuacct.usage")
	if !hasCPU {
		cpu, hasCPU = readNumber(controlGroup + "/cpu,cpuacct/cpuacct.usage")
	}
	memory, hasMemory := readNumber(controlGroup + "/memory/memory.usage_in_bytes")
	if !hasCPU || !hasMemory {
		return nil
	}
	droppable := readTable(controlGroup + "/memory/memory.stat")["total_inactive_file"]
	return newUsage(float64(cpu)/1e9, memory-droppable, controlGroup+"/memory/memory.limit_in_bytes",
		controlGroup+"/pids/pids.current")
}

func newUsage(cpuSeconds float64, memory int64, limitFile, processesFile string) *usage {
	usage := &usage{CPUSeconds: cpuSeconds, MemoryBytes: max(0, memory)}
	if limit, isThere := readNumber(limitFile); isThere && limit < unlimited {
		usage.MemoryLimitBytes = limit
	}
	usage.Processes, _ = readNumber(processesFile)
	return usage
}

// outOfMemoryKills is how many processes the kernel has ended at the memory limit.
func outOfMemoryKills() int64 {
	for _, file := range []string{"/memory.events", "/memory/memory.oom_control"} {
		if kills, isThere := readTable(controlGroup + file)["oom_kill"]; isThere {
			return kills
		}
	}
	return 0
}

func readNumber(path string) (int64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	number, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return number, err == nil
}

// readTable reads lines of a name and a number.
func readTable(path string) map[string]int64 {
	table := map[string]int64{}
	text, err := os.ReadFile(path)
	if err != nil {
		return table
	}
	for _, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		if len(words) != 2 {
			continue
		}
		if number, err := strconv.ParseInt(words[1], 10, 64); err == nil {
			table[words[0]] = number
		}
	}
	return table
}
