#!/bin/sh
# usage: apply.sh FERRETDB   changes the source of FerretDB 1.24 in that folder, so that it finds documents by their _id
# as MongoDB does. It has an index, but writes the column in another way than the index does, so that SQLite searches the
# collection; and it asks SQLite for an _id only if the filter has one id and nothing else.
set -eu
sqlite=$1/internal/backends/sqlite
cp -- "${0%/*}/id_clause.go" "$sqlite/"
# The first of two: the other one only explains a query.
sed -i '0,/if params.Filter.Len() == 1 {$/s//if whereClause, args = idClause(params.Filter); false {/' "$sqlite/collection.go"
sed -i "s/->'\\\$\._id'/->'_id'/" "$sqlite/metadata/metadata.go"
grep -q "idClause(params.Filter)" "$sqlite/collection.go"
grep -q "IDColumn = .*->'_id'" "$sqlite/metadata/metadata.go"
