//! Names that something else has in the code of a new plugin, so that it would not compile or not pass its own test.

use super::Name;
use crate::cli::plugin::language::Language;

/// Words that no function can be called, and crates that a package of that name would stand before.
#[rustfmt::skip]
const RUST_WORDS: &[&str] = &[
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "continue", "core", "crate", "do",
    "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "proc_macro", "pub", "ref", "return", "self", "serde",
    "serde_json", "static", "std", "struct", "super", "test", "tests", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Types that the template, or what its macros make of it, names: a plugin's type would stand before them.
#[rustfmt::skip]
const RUST_TYPES: &[&str] = &[
    "Component", "None", "Outcome", "Parameters", "Record", "Settings", "Some", "String",
];

/// Words that no module can be called.
#[rustfmt::skip]
const PYTHON_WORDS: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass",
    "raise", "return", "try", "while", "with", "yield",
];

/// The modules of the standard library of Python 3.11 to 3.14 (`sys.stdlib_module_names`), whose place a plugin's module
/// would take.
const PYTHON_MODULES: &str = include_str!("python-modules.txt");

/// The same of what tests, checks and builds a plugin, and of the folders beside it.
#[rustfmt::skip]
const PYTHON_TOOLS: &[&str] = &[
    "ast_serialize", "colorama", "componentize_py", "componentize_py_async_support", "componentize_py_runtime",
    "componentize_py_types", "conftest", "exceptiongroup", "iniconfig", "librt", "mypy", "mypy_extensions", "mypyc",
    "packaging", "pathspec", "pip", "pkg_resources", "pluggy", "plugin", "py", "pygments", "pytest", "record",
    "setup", "setuptools", "test", "tests", "tomli", "typing_extensions", "vendor", "wheel", "wit_world",
];

/// What no package can be called, and the folders beside it.
#[rustfmt::skip]
const JS_NAMES: &[&str] = &[
    "node_modules", "favicon", "test", "tests", "vendor",
];

/// What of a name means something else: its module, or its type.
pub(super) fn taken(name: &Name, language: Language) -> Option<String> {
    let module = name.module();
    let is = |names: &[&str]| names.contains(&module.as_str());
    let is_taken = module.starts_with("anabranch")
        || match language {
            Language::Rust => is(RUST_WORDS),
            Language::Python => {
                is(PYTHON_WORDS) || is(PYTHON_TOOLS) || PYTHON_MODULES.lines().any(|each| each == module)
            }
            Language::Js => is(JS_NAMES),
        };
    if is_taken {
        return Some(module);
    }
    let type_name = name.type_name();
    (language == Language::Rust && RUST_TYPES.contains(&type_name.as_str())).then_some(type_name)
}
