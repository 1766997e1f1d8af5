//! Guests of these tests: core modules in text, with the section that makes them plugins.
//!
//! They need no toolchain. What a real plugin's compiler makes is tested where real plugins are built.

use std::path::PathBuf;

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::layout::{Answer, Description, Laid, Memory, Parameter};

/// Addresses within `batch`, as `process` gets it.
pub(super) const BATCH: &str = "
    (func $count (param $batch i32) (result i32) (i32.load (i32.add (local.get $batch) (i32.const 16))))
    (func $offset (param $batch i32) (param $row i32) (result i64)
        (if (i32.eqz (i32.load8_u (i32.add (local.get $batch) (i32.const 24))))
            (then (return (i64.add
                (i64.load (i32.add (local.get $batch) (i32.const 32)))
                (i64.extend_i32_u (local.get $row))))))
        (i64.load (i32.add
            (i32.load (i32.add (local.get $batch) (i32.const 32)))
            (i32.mul (local.get $row) (i32.const 8)))))
    ;; Whether the batch holds the record with this offset.
    (func $holds (param $batch i32) (param $offset i64) (result i32)
        (local $row i32)
        (block $out
            (loop $next
                (br_if $out (i32.ge_u (local.get $row) (call $count (local.get $batch))))
                (if (i64.eq (call $offset (local.get $batch) (local.get $row)) (local.get $offset))
                    (then (return (i32.const 1))))
                (local.set $row (i32.add (local.get $row) (i32.const 1)))
                (br $next)))
        (i32.const 0))";

/// A guest.
pub(super) struct Guest {
    pub(super) name: String,
    pub(super) version: String,
    /// Flags: key 1, value 2, headers 4, timestamp 8, topic 16, partition 32.
    pub(super) reads: u8,
    pub(super) changes: u8,
    /// 0 none, 1 window, 2 lane; and the window.
    pub(super) state: (u8, u32),
    pub(super) parameters: Vec<Parameter>,
    /// What `configure` answers if it refuses.
    pub(super) refuses: Option<(Option<String>, String)>,
    /// What `$answer` points at.
    pub(super) answer: Answer,
    /// Instructions before `process` answers with `$answer`; they may `return` another address. The
    /// batch is at `$batch`.
    pub(super) process: String,
    /// Instructions before `describe` and `configure` answer.
    pub(super) describe: String,
    pub(super) configure: String,
    /// More functions.
    pub(super) functions: String,
    /// More imports, in the text format and as WIT with the packages behind.
    pub(super) imports: (String, String, String),
    /// The version of the interface.
    pub(super) interface: String,
    pub(super) pages: u32,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            name: "test".to_owned(),
            version: "1.2.3".to_owned(),
            reads: 3,
            changes: 63,
            state: (0, 0),
            parameters: Vec::new(),
            refuses: None,
            answer: Answer::default(),
            process: String::new(),
            describe: String::new(),
            configure: String::new(),
            functions: String::new(),
            imports: Default::default(),
            interface: "0.1.0".to_owned(),
            pages: 4,
        }
    }
}

impl Guest {
    /// The module's text.
    fn text(&self) -> String {
        let mut memory = Memory { base: 1024, bytes: Vec::new() };
        let description: Description = (
            self.name.clone(),
            self.version.clone(),
            "Does what a test wants".to_owned(),
            self.reads,
            self.changes,
            self.state,
            self.parameters.clone(),
        );
        let description = memory.place(&description);
        let configured = match &self.refuses {
            None => memory.place(&(0_u8, (None::<String>, String::new()))),
            Some(refusal) => memory.place(&(1_u8, refusal.clone())),
        };
        let answer = memory.place(&self.answer.clone().ok());
        let failure = memory.place(&(1_u8, "the guest gave up".to_owned()));
        let text = |memory: &mut Memory, text: &str| {
            let at = memory.end();
            memory.bytes.extend_from_slice(text.as_bytes());
            at
        };
        let words = text(&mut memory, "panicked at its last words");
        let counter = text(&mut memory, "counter");
        let heap = memory.end().next_multiple_of(16);
        let data: String = memory.bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let Self { functions, process, describe, configure, pages, interface, .. } = self;
        let imports = &self.imports.0;
        format!(
            r#"(module
    (import "anabranch:plugin/host@{interface}" "log" (func $log (param i32 i32 i32)))
    (import "anabranch:plugin/host@{interface}" "count" (func $counter (param i32 i32 i64)))
    {imports}
    (memory (export "memory") {pages})
    (data (i32.const 1024) "{data}")
    (global $heap (mut i32) (i32.const {heap}))
    (global $seen (mut i32) (i32.const 0))
    (global $answer i32 (i32.const {answer}))
    (global $failure i32 (i32.const {failure}))
    (func $last_words (call $log (i32.const 3) (i32.const {words}) (i32.const 26)))
    (func $add (param i64) (call $counter (i32.const {counter}) (i32.const 7) (local.get 0)))
    (func $allocate (export "cabi_realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and
            (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
            (i32.sub (i32.const 0) (local.get $align))))
        (global.set $heap (i32.add (local.get $at) (local.get $size)))
        (block $fits
            (br_if $fits (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
            (br_if $fits (i32.ne (i32.const -1)
                (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get $size) (i32.const 65536))))))
            (unreachable))
        (local.get $at))
    {BATCH}
    {functions}
    (func (export "anabranch:plugin/guest@{interface}#describe") (result i32)
        {describe}
        (i32.const {description}))
    (func (export "anabranch:plugin/guest@{interface}#configure")
        (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)
        {configure}
        (i32.const {configured}))
    (func (export "anabranch:plugin/guest@{interface}#process") (param $batch i32) (result i32)
        (local $row i32) (local $at i32) (local $end i32)
        {process}
        (global.get $answer))
    (func (export "cabi_post_anabranch:plugin/guest@{interface}#process") (param i32)
        (global.set $heap (i32.const {heap}))))"#
        )
    }

    /// The module with its `component-type` section.
    pub(super) fn module(&self) -> Vec<u8> {
        let mut module = wat::parse_str(self.text()).expect("the guest's text");
        let wit = include_str!("../../../../wit/v0.1/plugin.wit");
        let mut wit =
            wit.replace("package anabranch:plugin@0.1.0", &format!("package anabranch:plugin@{}", self.interface));
        let (_, imports, packages) = &self.imports;
        wit = wit.replace("    import host;", &format!("    import host;\n{imports}"));
        wit.push_str(packages);
        let mut resolve = Resolve::default();
        let package = resolve.push_str("plugin.wit", &wit).expect("the interface");
        let world = resolve.select_world(&[package], Some("plugin")).expect("its world");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).expect("the section");
        module
    }

    /// Writes the module into a folder.
    pub(super) fn write(&self, folder: &std::path::Path) -> PathBuf {
        let path = folder.join(format!("{}.wasm", self.name));
        std::fs::write(&path, self.module()).expect("writing the guest");
        path
    }
}

/// Runs `row` for every row of the batch, with `$at` an address that has room for a u32 a row, and
/// `$end` the end of those that [`PUSH`] has appended.
pub(super) fn per_row(row: &str) -> String {
    format!(
        "(local.set $at (call $allocate (i32.const 0) (i32.const 0) (i32.const 4)
            (i32.mul (call $count (local.get $batch)) (i32.const 4))))
        (local.set $end (local.get $at))
        (block $done
            (loop $next
                (br_if $done (i32.ge_u (local.get $row) (call $count (local.get $batch))))
                {row}
                (local.set $row (i32.add (local.get $row) (i32.const 1)))
                (br $next)))"
    )
}

/// Appends the row to the list that [`per_row`] makes.
pub(super) const PUSH: &str = "(i32.store (local.get $end) (local.get $row))
    (local.set $end (i32.add (local.get $end) (i32.const 4)))";

/// Keeps the records with even offsets.
pub(super) fn even_offsets() -> Guest {
    let row = format!(
        "(if (i64.eqz (i64.and (call $offset (local.get $batch) (local.get $row)) (i64.const 1))) (then {PUSH}))"
    );
    // The answer begins with `selection`: whether it is there, its address and its length.
    let process = format!(
        "{}
        (i32.store (i32.add (global.get $answer) (i32.const 4)) (i32.const 1))
        (i32.store (i32.add (global.get $answer) (i32.const 8)) (local.get $at))
        (i32.store (i32.add (global.get $answer) (i32.const 12))
            (i32.sub (local.get $end) (local.get $at)))",
        per_row(&row)
    );
    Guest { name: "even".to_owned(), reads: 0, changes: 0, process, ..Guest::default() }
}

/// Makes every key the value too, by answering with the very column that it was handed.
pub(super) fn key_as_value() -> Guest {
    // `values` is the third field: 12 bytes of selection, 40 of the patch of keys, then whether it is
    // there, rows, and the column, which looks as the batch's own does.
    let process = format!(
        "{}
        (i32.store (i32.add (global.get $answer) (i32.const {present})) (i32.const 1))
        (i32.store (i32.add (global.get $answer) (i32.const {rows})) (local.get $at))
        (i32.store (i32.add (global.get $answer) (i32.const {length})) (i32.mul (call $count (local.get $batch)) (i32.const 4)))
        (memory.copy (i32.add (global.get $answer) (i32.const {column})) (i32.add (local.get $batch) (i32.const 56)) (i32.const 28))",
        per_row(PUSH),
        present = 4 + 12 + 40,
        rows = 4 + 12 + 40 + 4,
        length = 4 + 12 + 40 + 8,
        column = 4 + 12 + 40 + 12,
    );
    Guest { name: "key-as-value".to_owned(), reads: 1, changes: 2, process, ..Guest::default() }
}

/// Checks that the layout these guests rely on is the one that values are written by.
#[test]
fn the_layout_of_answers_is_as_guests_assume() {
    use super::layout::{Bytes, Patch};
    assert_eq!(Option::<Vec<u32>>::layout(), (12, 4));
    assert_eq!(Option::<Patch<Bytes>>::layout(), (40, 4));
    assert_eq!(Bytes::layout(), (28, 4));
}
