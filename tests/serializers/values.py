"""Values as JSON that keeps what they are: what JSON has no word for is an object of one entry, as `{"$decimal": "1.50"}`.

A test compares such texts, so two values are the same text only if they are the same in type too.
"""

import base64
import datetime
import decimal
import math
import uuid
from typing import Any


def shown(value: Any) -> Any:
    """A value of Python as JSON."""
    if isinstance(value, dict):
        return {str(name): shown(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(part) for part in value]
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, decimal.Decimal):
        return {"$decimal": str(value)}
    # A moment is a date too, so it comes first.
    if isinstance(value, datetime.datetime):
        return {"$moment" if value.tzinfo else "$local-moment": value.isoformat(timespec="microseconds")}
    if isinstance(value, datetime.date):
        return {"$date": value.isoformat()}
    if isinstance(value, datetime.time):
        return {"$time": value.isoformat(timespec="microseconds")}
    if isinstance(value, uuid.UUID):
        return {"$uuid": str(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    return value


# What each tag stands for. `$branch` says which type of a union is meant: `{"$branch": ["shop.Order", {...}]}`.
TAGS = {
    "$bytes": base64.b64decode,
    "$decimal": decimal.Decimal,
    "$moment": datetime.datetime.fromisoformat,
    "$local-moment": datetime.datetime.fromisoformat,
    "$date": datetime.date.fromisoformat,
    "$time": datetime.time.fromisoformat,
    "$uuid": uuid.UUID,
    "$float": float,
    "$branch": lambda pair: (pair[0], meant(pair[1])),
}


def meant(told: Any) -> Any:
    """The value that JSON stands for."""
    if isinstance(told, dict):
        if len(told) == 1:
            ((name, content),) = told.items()
            if name in TAGS:
                return TAGS[name](content)
        return {name: meant(part) for name, part in told.items()}
    if isinstance(told, list):
        return [meant(part) for part in told]
    return told
