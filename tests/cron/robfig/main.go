// Prints what robfig/cron 3.0.1 makes of cron expressions.
//
// Standard input has a JSON array a line: [expression, [zone, after, count], ...]. Standard output has one a line:
// [expression, reading, [zone, after, step, step, ...], ...], where each step is the number of seconds to the next
// time, and 0 says that there is none within five years. A refused expression has null as its reading, and no more.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

var six = cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// parse reads six fields, else the standard five. The library panics on a zone without an expression after it.
func parse(expression string) (schedule cron.Schedule, reading any) {
	defer func() {
		if recover() != nil {
			schedule, reading = nil, nil
		}
	}()
	if schedule, err := six.Parse(expression); err == nil {
		switch spec := strings.TrimSpace(expression[max(0, strings.Index(expression, " @")):]); {
		case strings.HasPrefix(spec, "@every "):
			return schedule, "every"
		case strings.HasPrefix(spec, "@"):
			return schedule, "descriptor"
		}
		return schedule, "six-fields"
	}
	if schedule, err := cron.ParseStandard(expression); err == nil {
		return schedule, "five-fields"
	}
	return nil, nil
}

func times(schedule cron.Schedule, zone string, after int64, count int) []any {
	location, err := time.LoadLocation(zone)
	if err != nil {
		log.Fatal(err)
	}
	row := []any{zone, after}
	at := time.Unix(after, 0).In(location)
	for range count {
		next := schedule.Next(at)
		if next.IsZero() {
			return append(row, 0)
		}
		row = append(row, next.Unix()-at.Unix())
		at = next
	}
	return row
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var line []json.RawMessage
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			log.Fatal(err)
		}
		var expression string
		if err := json.Unmarshal(line[0], &expression); err != nil {
			log.Fatal(err)
		}
		schedule, reading := parse(expression)
		row := []any{expression, reading}
		for _, start := range line[1:] {
			var zone string
			var after int64
			var count int
			if err := json.Unmarshal(start, &[]any{&zone, &after, &count}); err != nil {
				log.Fatal(err)
			}
			if schedule != nil {
				row = append(row, times(schedule, zone, after, count))
			}
		}
		if err := out.Encode(row); err != nil {
			log.Fatal(err)
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}
