//! What `wit-bindgen` makes of the interface. The rest of this crate is written over these types;
//! those that an author meets are re-exported from [`crate::columns`] and the crate's root.

#![allow(missing_docs, clippy::allow_attributes_without_reason, reason = "generated from documented WIT")]

wit_bindgen::generate!({
    // A link to the workspace's `wit`, so that there is one source; packaging follows it.
    path: "wit/v0.1",
    world: "plugin",
    additional_derives: [PartialEq],
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "anabranch_plugin::bindings",
});
