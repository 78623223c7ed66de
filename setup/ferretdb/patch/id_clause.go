package sqlite

import (
	"fmt"
	"strings"

	"github.com/FerretDB/FerretDB/internal/backends/sqlite/metadata"
	"github.com/FerretDB/FerretDB/internal/handler/sjson"
	"github.com/FerretDB/FerretDB/internal/types"
	"github.com/FerretDB/FerretDB/internal/util/must"
)

// idClause returns the condition that finds documents by their _id, and its arguments; both are empty if the filter does
// not name ids. FerretDB applies the whole filter to what is found.
func idClause(filter *types.Document) (string, []any) {
	var args []any
	for _, id := range idsOf(filter) {
		switch id.(type) {
		case string, types.ObjectID:
			args = append(args, string(must.NotFail(sjson.MarshalSingleValue(id))))
		default:
			return "", nil
		}
	}
	if len(args) == 0 {
		return "", nil
	}
	return fmt.Sprintf(" WHERE %s IN (?%s)", metadata.IDColumn, strings.Repeat(", ?", len(args)-1)), args
}

// idsOf returns the ids that a filter names: {_id: id} or {_id: {$in: [id, ...]}}.
func idsOf(filter *types.Document) []any {
	id, _ := filter.Get("_id")
	condition, ok := id.(*types.Document)
	if !ok {
		return []any{id}
	}
	in, _ := condition.Get("$in")
	list, ok := in.(*types.Array)
	if !ok {
		return nil
	}
	ids := make([]any, list.Len())
	for i := range ids {
		ids[i] = must.NotFail(list.Get(i))
	}
	return ids
}
