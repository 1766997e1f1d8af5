"""Confluent's own serializers, driven by tests: orders come in as lines of JSON, and each is answered by a line.

It is what records with schemas are made with, and who says whether what a restore wrote can be read. It ends when its input
does. Every order has these:

    do        `serialize` or `deserialize`
    registry  settings of the client: `url`, `basic.auth.user.info`, ...
    format    `avro`, `json` or `protobuf`
    topic     what the records are of
    field     `value` (if it is missing) or `key`
    strategy  how subjects are named: `topic` (if it is missing), `record` or `topic-record`
    settings  further settings of the serializer, as `auto.register.schemas`

`serialize` has `schema` (a text), `references` (`name`, `subject`, `version`) for Avro and JSON, for Protobuf `message` (its
full name), `file` (what its file is called) and `imports` (texts by path), `id` (`prefix` or, which needs a registry with
guids, `header`) and `values`; it answers `records`, each with `bytes` in base64 and `headers`. `null` is a tombstone.

`deserialize` has such `records`, and may have `schema` (what the reader wants; for Protobuf with `message`). It answers
`values`, and for each of them `ids`: the id or the guid of its schema. What a value is made of, values.py says; for Protobuf
it is Protobuf's own JSON.
"""

import base64
import io
import json
import sys
from typing import Any

from confluent_kafka.schema_registry import (
    Schema,
    SchemaReference,
    dual_schema_id_deserializer,
    header_schema_id_serializer,
    prefix_schema_id_serializer,
    record_subject_name_strategy,
    topic_record_subject_name_strategy,
    topic_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.common.serde import SchemaId
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import SerializationContext
from google.protobuf import json_format

import protobuf
from values import meant, shown

STRATEGIES = {
    "topic": topic_subject_name_strategy,
    "record": record_subject_name_strategy,
    "topic-record": topic_record_subject_name_strategy,
}
IDS = {"prefix": prefix_schema_id_serializer, "header": header_schema_id_serializer}


def context(order: dict[str, Any], headers: list[tuple[str, bytes]]) -> SerializationContext:
    return SerializationContext(order["topic"], order.get("field", "value"), headers)


def schema(order: dict[str, Any]) -> Schema | None:
    if order.get("schema") is None:
        return None
    references = [SchemaReference(one["name"], one["subject"], one["version"]) for one in order.get("references", [])]
    return Schema(order["schema"], order["format"].upper(), references)


def serializer(order: dict[str, Any], client: protobuf.Texts) -> Any:
    """What makes bytes of a value as the test tells it."""
    settings = {
        "subject.name.strategy": STRATEGIES[order.get("strategy", "topic")],
        "schema.id.serializer": IDS[order.get("id", "prefix")],
        **order.get("settings", {}),
    }
    if order["format"] == "avro":
        avro = AvroSerializer(client, schema(order), conf=settings)
        return lambda value, where: avro(meant(value), where)
    if order["format"] == "json":
        of_json = JSONSerializer(schema(order), client, conf=settings)
        return lambda value, where: of_json(meant(value), where)
    name = order.get("file", "schema.proto")
    texts = {**order.get("imports", {}), name: order["schema"]}
    files = protobuf.compiled(name, texts)
    client.learn(files, texts)
    message = protobuf.message_class(files, order["message"])
    of_protobuf = ProtobufSerializer(message, client, conf=settings)
    return lambda value, where: of_protobuf(json_format.ParseDict(value, message()), where)


def serialize(order: dict[str, Any], client: protobuf.Texts) -> dict[str, Any]:
    make = serializer(order, client)
    records = []
    for value in order["values"]:
        headers: list[tuple[str, bytes]] = []
        data = None if value is None else make(value, context(order, headers))
        told = [[name, base64.b64encode(content).decode()] for name, content in headers]
        records.append({"bytes": None if data is None else base64.b64encode(data).decode(), "headers": told})
    return {"records": records}


def deserializer(order: dict[str, Any], client: protobuf.Texts) -> Any:
    """What tells a value of bytes."""
    settings = {"subject.name.strategy": STRATEGIES[order.get("strategy", "topic")], **order.get("settings", {})}
    if order["format"] == "avro":
        avro = AvroDeserializer(client, schema(order), conf=settings)
        return lambda data, where, _: shown(avro(data, where))
    if order["format"] == "json":
        of_json = JSONDeserializer(schema(order), schema_registry_client=client, conf=settings)
        return lambda data, where, _: shown(of_json(data, where))
    classes: dict[Any, Any] = {}

    def of_protobuf(data: bytes, where: SerializationContext, known: SchemaId) -> Any:
        key = (known.id, str(known.guid), tuple(known.message_indexes or []))
        if key not in classes:
            message = reader_class(order, client, known)
            classes[key] = ProtobufDeserializer(message, settings, client)
        return json_format.MessageToDict(classes[key](data, where), preserving_proto_field_name=True)

    return of_protobuf


def reader_class(order: dict[str, Any], client: protobuf.Texts, known: SchemaId) -> Any:
    """The class that a reader has: of the schema it was written with, unless the order has another."""
    name = "schema.proto"
    if order.get("schema") is not None:
        files = protobuf.compiled(name, {**order.get("imports", {}), name: order["schema"]})
        return protobuf.message_class(files, order["message"])
    written = client.get_schema(known.id) if known.id is not None else client.get_schema_by_guid(str(known.guid))
    files = protobuf.compiled(name, client.files(written, name))
    return protobuf.message_class(files, protobuf.message_at(files[-1], known.message_indexes or [0]))


def deserialize(order: dict[str, Any], client: protobuf.Texts) -> dict[str, Any]:
    tell = deserializer(order, client)
    values: list[Any] = []
    ids: list[Any] = []
    for record in order["records"]:
        if record["bytes"] is None:
            values.append(None)
            ids.append(None)
            continue
        data = base64.b64decode(record["bytes"])
        headers = [(name, base64.b64decode(content)) for name, content in record.get("headers", []) if content is not None]
        where = context(order, headers)
        known = SchemaId(order["format"].upper())
        dual_schema_id_deserializer(data, where, known)
        values.append(tell(data, where, known))
        ids.append(str(known.guid) if known.guid is not None else known.id)
    return {"values": values, "ids": ids}


def main() -> None:
    # What libraries print is no answer.
    answers = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", line_buffering=True)
    sys.stdout = sys.stderr
    for line in sys.stdin:
        order = json.loads(line)
        try:
            # A client of its own for each order: one keeps schemas, and tests change them behind its back.
            client = protobuf.Texts(order["registry"])
            answer = {"serialize": serialize, "deserialize": deserialize}[order["do"]](order, client)
        except Exception as error:  # noqa: BLE001  whatever it is, the test is to know
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, allow_nan=False), file=answers)


main()
