package sqlite

import (
	"fmt"
	"strings"

	"github.com/FerretDB/FerretDB/internal/backends/sqlite/metadata"
	"github.com/FerretDB/FerretDB/internal/handler/sjson"
	"github.com/FerretDB/FerretDB/internal/types"
	"github.com/FerretDB/FerretDB/internal/util/iterator"
	"github.com/FerretDB/FerretDB/internal/util/must"
)

// idClause returns the condition that finds documents by their _id, and its arguments; both are empty if the filter does
// not say enough of it. FerretDB applies the whole filter to what is found, so that more may be found.
func idClause(filter *types.Document) (string, []any) {
	condition, args := idCondition(filter)
	if condition == "" {
		return "", nil
	}
	return " WHERE " + condition, args
}

func idCondition(filter *types.Document) (string, []any) {
	id, _ := filter.Get("_id")
	switch id := id.(type) {
	case string, types.ObjectID:
		return anyOf([]any{id})
	case *types.Document:
		if in, _ := id.Get("$in"); in != nil {
			if list, ok := in.(*types.Array); ok {
				return anyOf(must.NotFail(iterator.ConsumeValues(list.Iterator())))
			}
		}
		return between(id)
	}
	if branches, _ := filter.Get("$or"); branches != nil {
		if list, ok := branches.(*types.Array); ok {
			return eitherOf(must.NotFail(iterator.ConsumeValues(list.Iterator())))
		}
	}
	return "", nil
}

// anyOf returns the condition of {_id: {$in: ids}}.
func anyOf(ids []any) (string, []any) {
	args := make([]any, len(ids))
	for i, id := range ids {
		switch id.(type) {
		case string, types.ObjectID:
			args[i] = string(must.NotFail(sjson.MarshalSingleValue(id)))
		default:
			return "", nil
		}
	}
	if len(args) == 0 {
		return "", nil
	}
	return fmt.Sprintf("%s IN (?%s)", metadata.IDColumn, strings.Repeat(", ?", len(args)-1)), args
}

// between returns a condition of {_id: {$gte: a, $lt: b}}: what is in between begins as both of them do. JSON escapes each
// character alone, so that this also holds for the JSON that SQLite has; its order may be another one.
func between(bounds *types.Document) (string, []any) {
	from, _ := bounds.Get("$gte")
	to, _ := bounds.Get("$lt")
	a, isFrom := from.(string)
	b, isTo := to.(string)
	if !isFrom || !isTo {
		return "", nil
	}
	runes, others := []rune(a), []rune(b)
	n := 0
	for n < len(runes) && n < len(others) && runes[n] == others[n] {
		n++
	}
	// The range of all that begins with a.
	if n == len(runes)-1 && n == len(others)-1 && others[n] == runes[n]+1 {
		n++
	}
	if n == 0 {
		return "", nil
	}
	start := strings.TrimSuffix(string(must.NotFail(sjson.MarshalSingleValue(string(runes[:n])))), `"`)
	end := start[:len(start)-1] + string([]byte{start[len(start)-1] + 1})
	return fmt.Sprintf("(%[1]s >= ? AND %[1]s < ?)", metadata.IDColumn), []any{start, end}
}

// eitherOf returns the condition of {$or: branches}, each of which has to say something of the _id.
func eitherOf(branches []any) (string, []any) {
	var conditions []string
	var args []any
	for _, branch := range branches {
		filter, ok := branch.(*types.Document)
		if !ok {
			return "", nil
		}
		condition, its := idCondition(filter)
		if condition == "" {
			return "", nil
		}
		conditions, args = append(conditions, condition), append(args, its...)
	}
	return strings.Join(conditions, " OR "), args
}
