//! `docs/interface.md`, written from the WIT.

use std::fmt::Write as _;
use std::path::Path;

use wit_parser::{Docs, Function, Handle, Interface, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId};

use crate::plugin::bindings::VERSION;

/// What stands above the reference.
const BEGINNING: &str = include_str!("interface/beginning.md");
const WIT: &str = include_str!("../../../../wit/v0.1/plugin.wit");

#[test]
fn the_reference_of_the_interface_says_what_the_wit_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/interface.md");
    let due = reference();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &due).expect("docs/interface.md can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let blessed = "`BLESS=1 cargo test -p anabranch the_reference_of_the_interface`";
    assert!(found == due, "docs/interface.md is out of date: run {blessed}");
}

/// A package holds what it is built from: where links are lost on the way to a registry, a copy is not.
#[test]
fn the_copies_of_the_interface_are_the_interface() {
    for copy in ["../sdk/js/wit/v0.1/plugin.wit", "../sdk/python/src/anabranch_plugin/wit/v0.1/plugin.wit"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(copy);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, WIT).expect("the copy can be written");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == WIT, "{copy} is out of date: run `BLESS=1 cargo test -p anabranch interface`");
    }
}

fn reference() -> String {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("plugin.wit", WIT).expect("the interface");
    let package = &resolve.packages[package];
    let name = &package.name;
    let mut out = BEGINNING.replace("{package}", &name.to_string()).replace("{version}", VERSION);
    // Its own headings stand below the page's.
    out.push_str(&paragraphs(&package.docs).replace("\n# ", "\n## "));
    // What an author meets first: what to export, what to call, and the shapes that both use.
    for name in ["guest", "host", "types"] {
        write_interface(&mut out, &resolve, package.interfaces[name]);
    }
    assert_eq!(package.interfaces.len(), 3, "every interface has its place in the reference");
    out
}

fn write_interface(out: &mut String, resolve: &Resolve, id: InterfaceId) {
    let interface: &Interface = &resolve.interfaces[id];
    let name = interface.name.as_deref().expect("interfaces have names");
    write!(out, "\n## Interface `{name}`\n\n{}", paragraphs(&interface.docs)).expect("a String takes everything");
    for function in interface.functions.values() {
        write_function(out, resolve, function);
    }
    for type_id in interface.types.values() {
        let definition = &resolve.types[*type_id];
        // What another interface defines stands there.
        if !matches!(definition.kind, TypeDefKind::Type(_)) {
            write_type(out, resolve, definition);
        }
    }
}

fn write_function(out: &mut String, resolve: &Resolve, function: &Function) {
    let parameters: Vec<String> = function
        .params
        .iter()
        .map(|parameter| format!("{}: {}", parameter.name, plain(resolve, &parameter.ty)))
        .collect();
    let result = function.result.map_or(String::new(), |result| format!(" -> {}", plain(resolve, &result)));
    write!(
        out,
        "\n### `{}`\n\n```wit\n{}: func({}){result}\n```\n\n{}",
        function.name,
        function.name,
        parameters.join(", "),
        paragraphs(&function.docs)
    )
    .expect("a String takes everything");
}

fn write_type(out: &mut String, resolve: &Resolve, definition: &TypeDef) {
    let name = definition.name.as_deref().expect("types of an interface have names");
    let kind = match &definition.kind {
        TypeDefKind::List(entry) => format!("list of {}", linked(resolve, entry)),
        kind => kind.as_str().to_owned(),
    };
    write!(out, "\n### `{name}`\n\n{} {kind}. {}", article(&kind), paragraphs(&definition.docs))
        .expect("a String takes everything");
    let mut table = |header: &str, rows: Vec<(String, String, &Docs)>| {
        let is_typed = rows.iter().any(|(_, kind, _)| !kind.is_empty());
        let is_documented = rows.iter().any(|(_, _, docs)| docs.contents.is_some());
        let cells = |name: &str, kind: &str, meaning: &str| {
            let mut line = format!("| {name} |");
            if is_typed {
                write!(line, " {kind} |").expect("a String takes everything");
            }
            if is_documented {
                write!(line, " {meaning} |").expect("a String takes everything");
            }
            line + "\n"
        };
        out.push('\n');
        out.push_str(&cells(header, "type", "meaning"));
        out.push_str(&cells("---", "---", "---").replace(' ', ""));
        for (name, kind, docs) in rows {
            out.push_str(&cells(&format!("`{name}`"), &kind, &line(docs)));
        }
    };
    match &definition.kind {
        TypeDefKind::Record(record) => table(
            "field",
            record.fields.iter().map(|field| (field.name.clone(), linked(resolve, &field.ty), &field.docs)).collect(),
        ),
        TypeDefKind::Flags(flags) => {
            table("flag", flags.flags.iter().map(|flag| (flag.name.clone(), String::new(), &flag.docs)).collect());
        }
        TypeDefKind::Enum(cases) => {
            table("case", cases.cases.iter().map(|case| (case.name.clone(), String::new(), &case.docs)).collect());
        }
        TypeDefKind::Variant(variant) => table(
            "case",
            variant
                .cases
                .iter()
                .map(|case| (case.name.clone(), case.ty.map_or(String::new(), |ty| linked(resolve, &ty)), &case.docs))
                .collect(),
        ),
        // Its heading says all.
        TypeDefKind::List(_) => {}
        other => panic!("the reference has no words for `{}`", other.as_str()),
    }
}

fn article(kind: &str) -> &'static str {
    if kind.starts_with(['a', 'e', 'i', 'o']) { "An" } else { "A" }
}

/// Comments as they stand, with a line's end.
fn paragraphs(docs: &Docs) -> String {
    docs.contents.as_ref().map_or(String::new(), |text| format!("{}\n", text.trim_end()))
}

/// Comments in one line of a table.
fn line(docs: &Docs) -> String {
    docs.contents.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A type as it is written.
fn plain(resolve: &Resolve, ty: &Type) -> String {
    written(resolve, ty, &|name| name.to_owned())
}

/// A type as it is written, each that is described on this page with a link.
fn linked(resolve: &Resolve, ty: &Type) -> String {
    let named = |name: &str| format!("[{name}](#{name})");
    written(resolve, ty, &named).replace('<', "\\<").replace('>', "\\>")
}

fn written(resolve: &Resolve, ty: &Type, named: &dyn Fn(&str) -> String) -> String {
    let of = |ty: &Type| written(resolve, ty, named);
    match ty {
        Type::Id(id) => {
            let id: TypeId = *id;
            let definition = &resolve.types[id];
            if let Some(name) = &definition.name {
                return named(name);
            }
            match &definition.kind {
                TypeDefKind::List(item) => format!("list<{}>", of(item)),
                TypeDefKind::Option(item) => format!("option<{}>", of(item)),
                TypeDefKind::Result(result) => {
                    let side = |side: &Option<Type>| side.as_ref().map_or("_".to_owned(), of);
                    format!("result<{}, {}>", side(&result.ok), side(&result.err))
                }
                TypeDefKind::Handle(Handle::Own(_) | Handle::Borrow(_)) => panic!("the interface has no resources"),
                other => panic!("the reference has no words for `{}`", other.as_str()),
            }
        }
        Type::String => "string".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::U8 => "u8".to_owned(),
        Type::U32 => "u32".to_owned(),
        Type::U64 => "u64".to_owned(),
        Type::S32 => "s32".to_owned(),
        Type::S64 => "s64".to_owned(),
        other => panic!("the reference has no words for {other:?}"),
    }
}
