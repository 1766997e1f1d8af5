#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

pub(super) fn schema(text: &str) -> Schema {
    Schema::parse(text, &[]).unwrap()
}

pub(super) fn json(schema: &Schema, value: &[u8]) -> Result<String, String> {
    let mut out = Vec::new();
    schema.append_json(value, 10_000, &mut out).map_err(|misfit| misfit.to_string())?;
    Ok(String::from_utf8(out).unwrap())
}

fn binary(schema: &Schema, json: &str) -> Result<Vec<u8>, String> {
    formed(schema, &(), json)
}

/// As [`binary`], of a value that an older schema has formed.
pub(super) fn formed(schema: &Schema, former: &dyn Former, json: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let written = Encoder::default().append(schema, former, json.as_bytes(), &mut out);
    written.map(|()| out).map_err(|misfit| misfit.to_string())
}

/// There and back again.
#[track_caller]
fn same(of: &str, text: &str) {
    let schema = schema(of);
    let value = binary(&schema, text).unwrap();
    assert_eq!(json(&schema, &value).unwrap(), text);
    let mut copied = Vec::new();
    Resolution::new(&schema, &schema).append(&schema, &value, &mut copied).unwrap();
    assert_eq!(copied, value);
}

#[test]
fn each_type_has_its_json() {
    same(r#""null""#, "null");
    same(r#""boolean""#, "true");
    same(r#""int""#, "-2147483648");
    same(r#""long""#, "9223372036854775807");
    same(r#""float""#, "0.1");
    same(r#""double""#, "\"-Infinity\"");
    same(r#""bytes""#, "\"AP8=\"");
    same(r#""string""#, r#""grüße\n""#);
    same(r#"{"type":"fixed","name":"F","size":3}"#, "\"YWJj\"");
    same(r#"{"type":"enum","name":"E","symbols":["A","B"]}"#, "\"B\"");
    same(r#"{"type":"array","items":"int"}"#, "[1,2,3]");
    same(r#"{"type":"array","items":"int"}"#, "[]");
    same(r#"{"type":"map","values":["null","int"]}"#, r#"{"z":1,"a":null,"z":2}"#);
    same(r#"{"type":"int","logicalType":"date"}"#, "\"2024-02-29\"");
    same(r#"{"type":"int","logicalType":"date"}"#, "\"-0044-03-15\"");
    same(r#"{"type":"int","logicalType":"time-millis"}"#, "\"12:34:56.789\"");
    same(r#"{"type":"long","logicalType":"time-micros"}"#, "\"12:34:56.789000\"");
    same(r#"{"type":"long","logicalType":"timestamp-millis"}"#, "\"1924-02-29T12:34:56.789Z\"");
    same(r#"{"type":"long","logicalType":"timestamp-nanos"}"#, "\"2024-02-29T12:34:56.000000001Z\"");
    same(r#"{"type":"long","logicalType":"local-timestamp-micros"}"#, "\"2024-02-29T12:34:56.000001\"");
    same(
        r#"{"type":"bytes","logicalType":"decimal","precision":40,"scale":2}"#,
        "-12345678901234567890123456789012345678.90",
    );
    same(r#"{"type":"fixed","name":"D","size":9,"logicalType":"decimal","precision":20,"scale":0}"#, "-7");
    same(r#"{"type":"string","logicalType":"uuid"}"#, "\"01234567-89ab-cdef-0123-456789abcdef\"");
    same(r#"{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}"#, "\"01234567-89ab-cdef-0123-456789abcdef\"");
    same(r#"{"type":"fixed","name":"P","size":12,"logicalType":"duration"}"#, "\"P1M2DT3.500000000S\"");
}

#[test]
fn a_union_names_its_branch_only_where_json_does_not_tell() {
    same(r#"["null","string"]"#, "null");
    same(r#"["string","null"]"#, "\"a\"");
    same(r#"["null","int","string",{"type":"array","items":"int"},"boolean"]"#, "[1]");
    same(r#"["null","int","long"]"#, r#"{"long":5}"#);
    same(r#"["null","int","long"]"#, "null");
    same(r#"["string",{"type":"int","logicalType":"date"}]"#, r#"{"int":"2024-02-29"}"#);
    same(
        r#"[{"type":"record","name":"A","namespace":"x","fields":[]},{"type":"record","name":"B","fields":[]}]"#,
        r#"{"x.A":{}}"#,
    );
    let ambiguous = binary(&schema(r#"["null","int","long"]"#), "5").unwrap_err();
    assert_eq!(ambiguous, "it may be null, int or long, so that its JSON has to say which: `{\"int\": …}`");
}

const LIST: &str = r#"{"type":"record","name":"List","fields":[
    {"name":"value","type":"int"},
    {"name":"next","type":["null","List"],"default":null}]}"#;

#[test]
fn a_schema_may_contain_itself_and_a_value_may_not_be_endless() {
    same(LIST, r#"{"value":1,"next":{"value":2,"next":null}}"#);
    let list = schema(LIST);
    let deep = [2, 2].repeat(100_000);
    assert!(json(&list, &deep).unwrap_err().contains("nested deeper than 100"), "{:?}", json(&list, &deep));
    assert!(list.check(&deep).unwrap_err().to_string().contains("nested deeper"));
    let text = r#"{"value":1,"next":"#.repeat(5000);
    assert!(binary(&list, &text).unwrap_err().contains("nested"));
    let endless = schema(r#"{"type":"record","name":"E","fields":[{"name":"e","type":"E"}]}"#);
    assert!(json(&endless, &[]).unwrap_err().contains("nested deeper"));
}

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    let order = schema(
        r#"{"type":"record","name":"Order","fields":[
            {"name":"id","type":"int"},
            {"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[
                {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":5,"scale":2}}]}}},
            {"name":"note","type":["null","string"],"default":null}]}"#,
    );
    let refused = |text| binary(&order, text).unwrap_err();
    insta::assert_snapshot!(
        [
            refused(r#"{"id":"7","lines":[]}"#),
            refused(r#"{"id":2147483648,"lines":[]}"#),
            refused(r#"{"id":1.5,"lines":[]}"#),
            refused(r#"{"id":1}"#),
            refused(r#"{"id":1,"id":2,"lines":[]}"#),
            refused(r#"{"id":1,"lines":[],"nmae":1}"#),
            refused(r#"{"id":1,"lines":[{"price":1.005}]}"#),
            refused(r#"{"id":1,"lines":[{"price":1}],"note":7}"#),
            refused(r#"{"id":1,"lines":[]"#),
            refused(r#"{"id":1,"lines":[]} x"#),
            refused("hello"),
        ]
        .join("\n"),
        @r#"
        `id`: a number is due, not text
        `id`: a number does not fit into an int's 32 bits
        `id`: a number is not a whole one of 64 bits (1.5)
        `lines`: the field is missing, and has no default
        `id`: the field stands twice
        `Order` has no field `nmae`
        `lines.[].price`: a decimal does not fit into 5 digits, 2 of them behind the point (1.005)
        `note`: null or string is due, not a number
        the value is no JSON (EOF while parsing an object at byte 18)
        the value is no JSON (trailing characters at byte 20)
        an object is due, not what is no JSON
        "#
    );
    let value = binary(&order, r#"{"lines":[{"price":1.5e0}],"id":7.0}"#).unwrap();
    assert_eq!(json(&order, &value).unwrap(), r#"{"id":7,"lines":[{"price":1.50}],"note":null}"#);
    let broken = |value: &[u8]| json(&order, value).unwrap_err();
    insta::assert_snapshot!(
        [broken(&[]), broken(&value[..4]), broken(&[&value[..], &[0]].concat()), broken(&[2, 1]), broken(&[0xff; 12])]
            .join("\n"),
        @r#"
        `id`: the value ends too soon (0 bytes)
        `lines.[].price`: the value ends too soon (4 bytes)
        bytes follow the value (1 of 8)
        `lines`: the value ends too soon (2 bytes)
        `id`: a number has more than 64 bits
        "#
    );
}

#[test]
fn schemas_that_are_none_say_why() {
    let refused = |text: &str| Schema::parse(text, &[]).unwrap_err().to_string();
    insta::assert_snapshot!(
        [
            refused("{"),
            refused(r#"{"name":"A"}"#),
            refused(r#"{"type":"record","fields":[]}"#),
            refused(r#"{"type":"record","name":"A","fields":[{"name":"b","type":"com.example.Missing"}]}"#),
            refused(r#"{"type":"record","name":"A","fields":[{"name":"b"}]}"#),
            refused(r#"["int","int"]"#),
            refused(r#"["int",["null","string"]]"#),
            refused(r#"{"type":"enum","name":"E","symbols":["A"],"default":"B"}"#),
            refused(r#"{"type":"fixed","name":"F"}"#),
            refused("7"),
        ]
        .join("\n"),
        @r#"
        the schema is no JSON: EOF while parsing an object at line 1 column 1
        the schema: has no `type`
        the schema: a type has no name
        the schema names the type `com.example.Missing`, which neither it nor what it refers to defines
        A.b: has no `type`
        the schema: its union has `int` twice
        the schema: a union stands in a union
        E: its default "B" is none of its symbols
        F: has no `size`
        the schema: its type is neither a name nor a list nor an object
        "#
    );
}

#[test]
fn what_a_schema_refers_to_may_stand_elsewhere() {
    let address =
        r#"{"type":"record","name":"Address","namespace":"com.example","fields":[{"name":"city","type":"string"}]}"#;
    let customer =
        r#"{"type":"record","name":"Customer","namespace":"com.example","fields":[{"name":"home","type":"Address"}]}"#;
    let customer = Schema::parse(customer, &[address.into()]).unwrap();
    let value = binary(&customer, r#"{"home":{"city":"Ulm"}}"#).unwrap();
    assert_eq!(json(&customer, &value).unwrap(), r#"{"home":{"city":"Ulm"}}"#);
}

/// What a value of one schema is by another, as JSON.
fn resolved(writer: &str, reader: &str, text: &str) -> Result<String, String> {
    let (writer, reader) = (schema(writer), schema(reader));
    let value = binary(&writer, text).unwrap();
    let mut out = Vec::new();
    Resolution::new(&writer, &reader).append(&writer, &value, &mut out).map_err(|misfit| misfit.to_string())?;
    json(&reader, &out)
}

#[test]
fn values_are_resolved_by_the_rules_of_avro() {
    let v1 = r#"{"type":"record","name":"Order","fields":[
        {"name":"id","type":"int"},
        {"name":"gone","type":{"type":"array","items":"string"}},
        {"name":"full_name","type":"string"},
        {"name":"status","type":{"type":"enum","name":"Status","symbols":["NEW","OLD","LOST"]}},
        {"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":8,"scale":2}},
        {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"weight","type":["null","int"]}]}"#;
    let v2 = r#"{"type":"record","name":"OrderV2","aliases":["Order"],"fields":[
        {"name":"status","type":{"type":"enum","name":"Status","symbols":["OTHER","OLD","NEW"],"default":"OTHER"}},
        {"name":"id","type":"long"},
        {"name":"name","aliases":["full_name"],"type":["null","string"]},
        {"name":"currency","type":"string","default":"EUR"},
        {"name":"amount","type":{"type":"bytes","logicalType":"decimal","precision":12,"scale":4}},
        {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}},
        {"name":"weight","type":["double","null"]}]}"#;
    let text = r#"{"id":7,"gone":["a","b"],"full_name":"Ann","status":"LOST","amount":12.50,"at":"2024-02-29T12:34:56.789Z","weight":3}"#;
    insta::assert_snapshot!(resolved(v1, v2, text).unwrap(), @r#"{"status":"OTHER","id":7,"name":"Ann","currency":"EUR","amount":12.5000,"at":"2024-02-29T12:34:56.789000Z","weight":3.0}"#);
    // The same text, had a plugin changed it, is taken by the same rules.
    let (writer, reader) = (schema(v1), schema(v2));
    let resolution = Resolution::new(&writer, &reader);
    let mut out = Vec::new();
    Encoder::default().append(&reader, &resolution, text.as_bytes(), &mut out).unwrap();
    let mut direct = Vec::new();
    resolution.append(&writer, &binary(&writer, text).unwrap(), &mut direct).unwrap();
    assert_eq!(json(&reader, &out).unwrap(), json(&reader, &direct).unwrap());
}

#[test]
fn a_plugin_adds_what_has_no_default_and_may_leave_what_is_gone() {
    let v1 = r#"{"type":"record","name":"Order","fields":[
        {"name":"cents","type":"long"},
        {"name":"status","type":{"type":"enum","name":"Status","symbols":["NEW","LOST"]}}]}"#;
    let v2 = r#"{"type":"record","name":"Order","fields":[
        {"name":"amount","type":"double"},
        {"name":"status","type":{"type":"enum","name":"Status","symbols":["NEW"],"default":"NEW"}}]}"#;
    let (writer, reader) = (schema(v1), schema(v2));
    let resolution = Resolution::new(&writer, &reader);
    let written = |text: &str| {
        let mut out = Vec::new();
        let written = Encoder::default().append(&reader, &resolution, text.as_bytes(), &mut out);
        written.map_err(|misfit| misfit.to_string()).and_then(|()| json(&reader, &out))
    };
    let due = r#"{"amount":12.5,"status":"NEW"}"#;
    assert_eq!(written(r#"{"cents":1250,"amount":12.5,"status":"LOST"}"#).unwrap(), due);
    let missing = "`amount`: the field is missing, and has no default";
    assert_eq!(written(r#"{"cents":1250,"status":"NEW"}"#).unwrap_err(), missing);
    assert_eq!(resolved(v1, v2, r#"{"cents":1250,"status":"NEW"}"#).unwrap_err(), missing);
    assert_eq!(resolution.never().unwrap().to_string(), missing);
}

#[test]
fn what_cannot_be_resolved_says_why() {
    let record = |of: &str| format!(r#"{{"type":"record","name":"R","fields":[{{"name":"f","type":{of}}}]}}"#);
    let decimal = |precision, scale| {
        format!(r#"{{"type":"bytes","logicalType":"decimal","precision":{precision},"scale":{scale}}}"#)
    };
    let refused = |from: &str, to: &str, text: &str| {
        resolved(&record(from), &record(to), &format!(r#"{{"f":{text}}}"#)).unwrap_err()
    };
    insta::assert_snapshot!(
        [
            refused("\"long\"", "\"int\"", "1"),
            refused("\"string\"", "\"long\"", "\"1\""),
            refused(&decimal(5, 3), &decimal(5, 2), "1.005"),
            refused(&decimal(5, 2), &decimal(4, 2), "999.99"),
            refused(r#"["null","string"]"#, "\"string\"", "null"),
            refused(r#"{"type":"enum","name":"E","symbols":["A","B"]}"#, r#"{"type":"enum","name":"E","symbols":["A"]}"#, "\"B\""),
            refused(r#"{"type":"long","logicalType":"timestamp-millis"}"#, r#"{"type":"long","logicalType":"time-micros"}"#, "\"2024-02-29T12:34:56.789Z\""),
            refused(r#"{"type":"long","logicalType":"timestamp-micros"}"#, r#"{"type":"long","logicalType":"timestamp-millis"}"#, "\"2024-02-29T12:34:56.789001Z\""),
        ]
        .join("\n"),
        @r#"
        `f`: long cannot be read as int
        `f`: string cannot be read as long
        `f`: a decimal has digits beyond the 2 behind the point that there is room for (1005)
        `f`: a decimal does not fit into 4 digits (it has 5)
        `f`: null cannot be read as string
        `f`: `E` has no such symbol, and no default
        `f`: long (timestamp-millis) cannot be read as long (time-micros)
        `f`: a time does not fit its unit (1709210096789001)
        "#
    );
    assert_eq!(resolved(&record(&decimal(5, 3)), &record(&decimal(4, 2)), r#"{"f":1.500}"#).unwrap(), r#"{"f":1.50}"#);
    let without = resolved(r#"{"type":"record","name":"R","fields":[]}"#, &record("\"int\""), "{}").unwrap_err();
    assert_eq!(without, "`f`: the field is missing, and has no default");
    let never = Resolution::new(&schema(&record("\"string\"")), &schema(&record("\"long\""))).never().unwrap();
    assert_eq!(never.to_string(), "`f`: string cannot be read as long");
}
