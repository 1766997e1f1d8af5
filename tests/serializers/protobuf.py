"""Classes of messages from .proto texts, without files that were generated before.

The serializer takes such a class; the registry takes and gives texts. Confluent's server gives a schema as base64 of its
descriptor too, where a client asks for `format=serialized`, and takes it so; the registry of the tests gives back what it
was given. [Texts] stands between, so that with either server a registry holds texts, as it does with clients in Java.
"""

import base64
import binascii
import contextlib
import pathlib
import tempfile
from typing import Any

import grpc_tools
from confluent_kafka.schema_registry import RegisteredSchema, Schema, SchemaRegistryClient
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

WELL_KNOWN = pathlib.Path(grpc_tools.__file__).parent / "_proto"


def compiled(name: str, files: dict[str, str]) -> list[descriptor_pb2.FileDescriptorProto]:
    """The descriptors of a file and of all that it imports, those first."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            place = pathlib.Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        out = pathlib.Path(folder, "descriptors")
        flags = ["-I", folder, "-I", str(WELL_KNOWN), "--include_imports", "--descriptor_set_out", str(out), name]
        if protoc.main(["protoc", *flags]) != 0:
            raise ValueError(f"protoc refuses {name}; its words went to standard error")
        return list(descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file)


def message_class(files: list[descriptor_pb2.FileDescriptorProto], message: str) -> Any:
    """The class of a message, by its full name."""
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(message))


def message_at(file: descriptor_pb2.FileDescriptorProto, indexes: list[int]) -> str:
    """The full name of the message that these indexes lead to."""
    found = file.message_type[indexes[0]]
    names = [file.package] if file.package else []
    names.append(found.name)
    for index in indexes[1:]:
        found = found.nested_type[index]
        names.append(found.name)
    return ".".join(names)


def encoded(file: descriptor_pb2.FileDescriptorProto) -> str:
    return base64.standard_b64encode(file.SerializeToString()).decode("ascii")


class Texts(SchemaRegistryClient):
    """A client to which Protobuf schemas are texts on the wire, and base64 to the library where it asks for that."""

    def __init__(self, settings: dict[str, Any]):
        super().__init__(settings)
        self.texts: dict[str, str] = {}

    def learn(self, files: list[descriptor_pb2.FileDescriptorProto], texts: dict[str, str]) -> None:
        """What the library will call these files."""
        for file in files:
            if file.name in texts:
                self.texts[encoded(file)] = texts[file.name]

    def files(self, schema: Schema, name: str) -> dict[str, str]:
        """The texts of a schema and of all that it refers to, by the names that they are imported by."""
        found = {name: schema.schema_str or ""}
        for reference in schema.references or []:
            registered = super().get_version(str(reference.subject), int(reference.version or 0), True)
            found |= self.files(registered.schema, str(reference.name))
        return found

    def _text(self, schema: Schema) -> Schema:
        return _with(schema, self.texts.get(schema.schema_str or "", schema.schema_str))

    def _serialized(self, schema: Schema, fmt: str | None) -> Schema:
        if fmt != "serialized" or schema.schema_type != "PROTOBUF" or _is_base64(schema.schema_str or ""):
            return schema
        return _with(schema, encoded(compiled("schema.proto", self.files(schema, "schema.proto"))[-1]))

    def register_schema(self, subject_name: str, schema: Schema, *args: Any, **named: Any) -> int:
        return super().register_schema(subject_name, self._text(schema), *args, **named)

    def register_schema_full_response(
        self, subject_name: str, schema: Schema, *args: Any, **named: Any
    ) -> RegisteredSchema:
        return super().register_schema_full_response(subject_name, self._text(schema), *args, **named)

    def lookup_schema(self, subject_name: str, schema: Schema, *args: Any, **named: Any) -> RegisteredSchema:
        return super().lookup_schema(subject_name, self._text(schema), *args, **named)

    def get_schema(
        self, schema_id: int, subject_name: str | None = None, fmt: str | None = None, reference_format: str | None = None
    ) -> Schema:
        return self._serialized(super().get_schema(schema_id, subject_name, reference_format=reference_format), fmt)

    def get_schema_by_guid(self, guid: str, fmt: str | None = None) -> Schema:
        return self._serialized(super().get_schema_by_guid(guid), fmt)

    def get_version(
        self, subject_name: str, version: Any = "latest", deleted: bool = False, fmt: str | None = None
    ) -> RegisteredSchema:
        found = super().get_version(subject_name, version, deleted)
        schema = self._serialized(found.schema, fmt)
        return RegisteredSchema(
            schema_id=found.schema_id, guid=found.guid, subject=found.subject, version=found.version, schema=schema
        )


def _with(schema: Schema, text: str | None) -> Schema:
    return Schema(text, schema.schema_type, schema.references)


def _is_base64(text: str) -> bool:
    with contextlib.suppress(binascii.Error, ValueError):
        base64.b64decode(text, validate=True)
        return True
    return False
