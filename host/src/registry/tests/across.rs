//! Schemas that refer to others, from one registry to another.

use super::*;

/// A registry with `root` (id 1) that refers to `a` version 5 and to `b` version 2, which refers to `a` version 5.
fn source() -> Server {
    Server::start(|asked| {
        Reply::Json(
            200,
            match asked.line.as_str() {
                "GET /schemas/ids/1" => {
                    json!({ "schema": "root", "references": [reference("A", "a", 5), reference("B", "b", 2)] })
                }
                "GET /subjects/a/versions/5?deleted=true" => json!({ "schema": "a" }),
                "GET /subjects/b/versions/2?deleted=true" => {
                    json!({ "schema": "b", "references": [reference("A", "a", 5)] })
                }
                other => panic!("{other}"),
            },
        )
    })
}

#[test]
fn what_is_referred_to_is_registered_first_unless_it_is_there_and_has_the_versions_of_there() {
    let source = source();
    let target = Server::start(|asked| match (asked.line.as_str(), asked.nth) {
        ("POST /subjects/a", _) => Reply::Json(200, json!({ "id": 50, "version": 1 })),
        ("POST /subjects/b", 1) => unknown(40401),
        ("POST /subjects/b/versions", 2) => Reply::Json(200, json!({ "id": 51 })),
        ("POST /subjects/b", 3) => Reply::Json(200, json!({ "id": 51, "version": 9 })),
        (other, nth) => panic!("{other} {nth}"),
    });
    let (from, to) = (registry(&source), registry(&target));
    let known = from.schema(1).unwrap();
    let carried = from.carry(&known, &to).unwrap();
    let reference =
        |name: &str, subject: &str, version| Reference { name: name.to_owned(), subject: subject.to_owned(), version };
    assert_eq!(carried.text.as_ref(), "root");
    assert_eq!(carried.references, [reference("A", "a", 1), reference("B", "b", 9)]);
    let registered = &target.asked()[2].body;
    assert_eq!(*registered, json!({ "schema": "b", "references": [super::reference("A", "a", 1)] }));
    assert_eq!(from.requests(), 3, "what is known is not asked for again");
}

#[test]
fn what_is_there_can_be_looked_for_without_anything_being_registered() {
    let source = source();
    let target = Server::start(|asked| match asked.line.as_str() {
        "POST /subjects/a" => Reply::Json(200, json!({ "id": 50, "version": 1 })),
        "POST /subjects/b" => unknown(40403),
        "GET /subjects/b/versions" => Reply::Json(200, json!([])),
        other => panic!("{other}"),
    });
    let (from, to) = (registry(&source), registry(&target));
    assert_eq!(from.carried(&from.schema(1).unwrap(), &to).unwrap(), None);
    let alone = Known { name: SchemaName::Id(2), schema: avro("1"), referenced: Vec::new() };
    assert_eq!(from.carried(&alone, &to).unwrap(), Some(avro("1")));
}
