"""Writes what a bot returned as JSON: exactly, or not at all.

Types of other libraries are recognised by name, so that none of them has to be imported.
"""

import json
import os
import re
import sys
from _collections_abc import Collection, Mapping

from _berth_errors import BotError

DEPTH = 1_000  # deepest nesting; other readers give up there
FRAMES = 4  # Python frames for each level of it
PLAIN = frozenset((str, int, bool, type(None)))


class Unwritable(TypeError):
    """A value without a JSON form, and the way to it from what main returned."""

    def __init__(self, problem):
        super().__init__(problem)
        self.way = []

    def __str__(self):
        return "".join(reversed(self.way)) + (": " if self.way else "") + self.args[0]


class Writer:
    """Turns values into those that JSON has. Decimals become numbers with all their digits."""

    def __init__(self):
        self.lost = False  # a NaN, an infinity or a NaT became null
        self.mark = f"\0{os.urandom(16).hex()}:"  # stands before the digits of a Decimal until the text is written
        self.has_digits = False
        self.open = set()  # ids of the containers that the value is inside of

    def write(self, value):
        text = json.dumps(self.plain(value), allow_nan=False)
        if self.has_digits:
            mark = json.dumps(self.mark)[1:-1]
            text = re.sub(f'"{re.escape(mark)}([^"]*)"', r"\1", text)
        return text

    def plain(self, value):
        kind = type(value)
        if kind in PLAIN:
            return value
        if kind is float:
            return self.number(value)
        if id(value) in self.open:
            raise Unwritable("it contains itself")
        if len(self.open) >= DEPTH:
            raise Unwritable(f"it is nested more than {DEPTH} levels deep")
        self.open.add(id(value))
        try:
            return self.convert(value, names_of(kind))
        finally:
            self.open.discard(id(value))

    def convert(self, value, names):
        if "enum.Enum" in names:
            return self.plain(value.value)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return self.number(float(value))
        if isinstance(value, Mapping):
            return self.object(value.items())
        if isinstance(value, (list, tuple, set, frozenset)):
            return self.array(value)
        if "decimal.Decimal" in names:
            return self.decimal(value)
        if names & {"pandas.NaTType", "pandas.NAType"}:
            return self.nothing()
        if "datetime.timedelta" in names:
            return self.number(value.total_seconds())
        if names & {"datetime.date", "datetime.time"}:
            return value.isoformat()
        if names & {"uuid.UUID", "pandas.Period", "pandas.Interval"}:
            return str(value)
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        if "pandas.DataFrame" in names:
            return self.frame(value)
        if "pandas.Series" in names:
            return self.series(value)
        if names & {"numpy.ndarray", "numpy.generic"}:
            return self.numpy(value)
        if not isinstance(value, type):
            if hasattr(value, "__dataclass_fields__"):
                fields = ((name, getattr(value, name)) for name, field in value.__dataclass_fields__.items()
                          if field._field_type.name == "_FIELD")
                return self.object(fields)
            # pydantic; polars; pyarrow; pandas' indexes and torch
            for name in ("model_dump", "to_dicts", "to_list", "to_pylist", "tolist", "item"):
                if callable(getattr(value, name, None)):
                    return self.plain(getattr(value, name)())
        if isinstance(value, Collection) and not isinstance(value, (bytes, bytearray, memoryview)):
            return self.array(value)
        raise Unwritable(f"{type(value).__name__} {repr(value)[:100]} has no JSON form")

    def object(self, items):
        result, keys = {}, {}
        for key, value in items:
            name = key if type(key) is str else self.key(key)
            if name in result:
                raise Unwritable(f"its keys {keys[name]!r:.60} and {key!r:.60} are both written as {json.dumps(name):.60}")
            keys[name] = key
            try:
                result[name] = value if type(value) in PLAIN else self.plain(value)
            except Unwritable as error:
                error.way.append(f"[{json.dumps(name):.60}]")
                raise
        return result

    def array(self, values):
        result = []
        for value in values:
            try:
                result.append(value if type(value) in PLAIN else self.plain(value))
            except Unwritable as error:
                error.way.append(f"[{len(result)}]")
                raise
        return result

    def key(self, key):
        """A key as a string: converted like a value, then written as JSON where it is none."""
        try:
            value = self.plain(key)
        except Unwritable as error:
            raise Unwritable(f"its key {error}") from None
        if not isinstance(value, str):
            value = json.dumps(value, separators=(",", ":"))
            value = value.replace(json.dumps(self.mark)[1:-1], "")
        return value.removeprefix(self.mark)

    def number(self, value):
        return value if value - value == 0 else self.nothing()

    def nothing(self):
        self.lost = True

    def decimal(self, value):
        if not value.is_finite():
            return self.nothing()
        self.has_digits = True
        return self.mark + str(value)

    def numpy(self, value):
        """An array or a scalar. Nanoseconds would come out of `tolist` as bare numbers."""
        kind, names = value.dtype.kind, value.dtype.names
        if value.shape:
            if kind in "mM" or names:
                return [self.plain(item) for item in value]
            return self.plain(value.tolist())
        if names:
            return self.object((name, value[name]) for name in names)
        if kind == "M":
            text = str(value)
            return self.nothing() if text == "NaT" else text
        if kind == "m":
            text = str(value.astype("timedelta64[ns]").astype("int64"))
            return self.nothing() if str(value) == "NaT" else self.number(int(text) / 1e9)
        item = value.item()
        return self.number(float(item)) if type(item) is type(value) else self.plain(item)

    def frame(self, frame):
        """Records; the index is part of them unless it only counts the rows."""
        columns = [(name, frame.iloc[:, at].tolist()) for at, name in enumerate(frame.columns)]
        columns = [*self.index(frame.index, [name for name, _ in columns]), *columns]
        return [self.object((name, values[row]) for name, values in columns) for row in range(len(frame))]

    def series(self, series):
        """An object of the index; records where the index has a value twice."""
        values, index = series.tolist(), series.index
        if index.is_unique:
            return self.object(zip(index.tolist(), values))
        name = "value" if series.name is None else series.name
        columns = [*self.index(index, [name]), (name, values)]
        return [self.object((name, column[row]) for name, column in columns) for row in range(len(values))]

    def index(self, index, taken):
        names = list(index.names)
        is_count = type(index).__name__ == "RangeIndex" and index.start == 0 and index.step == 1
        if is_count and names == [None]:
            return []
        columns = []
        for level, name in enumerate(names):
            if name is None:
                name = f"level_{level}" if len(names) > 1 or "index" in taken else "index"
            columns.append((name, index.get_level_values(level).tolist()))
        return columns



def names_of(kind):
    """Names of a type and of those that it inherits from, each with the package that it comes from."""
    return {f"{base.__module__.partition('.')[0]}.{base.__qualname__}" for base in kind.__mro__}


def to_json(value):
    """Valid JSON, always.

    Returns the text, and whether something JSON has no number for became null.
    """
    limit, writer = sys.getrecursionlimit(), Writer()
    try:
        sys.setrecursionlimit(max(limit, FRAMES * DEPTH + 1_000))
        return writer.write(value), writer.lost
    except Unwritable as error:
        where = f"result{error}" if error.way else str(error)
        raise BotError(f"main returned something that cannot be written as JSON: {where}") from None
    except (TypeError, ValueError, RecursionError) as error:
        raise BotError(f"main returned something that cannot be written as JSON: {error}") from None
    finally:
        sys.setrecursionlimit(limit)
