//! JSON for [Anabranch](https://example.invalid/anabranch) plugins: where in a value something stands, and edits that
//! leave all other bytes as they are.
//!
//! A record's value came from someone else, and what a plugin does not mean to change should come out as it went in:
//! the order of fields, white space, numbers that no float holds, names that occur twice. So nothing here reads a value
//! into a tree and writes it anew. A [`Path`] says what is meant, [`Paths`] finds it in one pass over the text, and a
//! [`Document`] is taken apart only where it is edited.
//!
//! ```
//! use anabranch_json::{Document, Path};
//!
//! let text = r#"{"id": 7.10, "customer": {"mail": "ann@example.com"}}"#;
//! let mail: Path = "customer.mail".parse().unwrap();
//! let mut document = Document::open(text).unwrap();
//! assert_eq!(document.get(&mail).unwrap(), r#""ann@example.com""#);
//! document.rename(&mail, "email");
//! assert_eq!(document.to_string(), r#"{"id": 7.10, "customer": {"email": "ann@example.com"}}"#);
//! ```

mod document;
mod fields;
mod node;
mod path;
mod places;
mod plain;
mod policy;
mod scan;

pub use document::{Document, NoRoom};
pub use fields::{Field, fields, items};
pub use node::Node;
pub use path::{InvalidPath, Path};
pub use places::{Paths, Place};
pub use plain::{content, plain, text, write_text};
pub use policy::Policy;
pub use scan::NotJson;
