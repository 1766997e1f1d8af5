//! What an author of plugins need not write: `#[plugin]`, a plugin of a single function, and `#[derive(Parameters)]`, a
//! plugin's parameters told from the struct that holds them.
//!
//! Of parameters the struct is the one place where they stand: the name, type, default and help are read
//! off the field, so that what the host checks and what the plugin deserializes cannot differ.

mod field;
mod function;

use proc_macro::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, ItemFn, parse_macro_input};

use crate::field::Renaming;
use crate::function::Columns;

/// Implements `anabranch_plugin::Parameters`; its documentation shows what can be written.
#[proc_macro_derive(Parameters, attributes(parameter))]
pub fn derive_parameters(input: TokenStream) -> TokenStream {
    expand(&parse_macro_input!(input as DeriveInput)).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a function a plugin; `anabranch_plugin::plugin` documents what can be written.
#[proc_macro_attribute]
pub fn plugin(attribute: TokenStream, function: TokenStream) -> TokenStream {
    let mut columns = Columns::default();
    let parser = syn::meta::parser(|meta| columns.take(&meta));
    parse_macro_input!(attribute with parser);
    let function = parse_macro_input!(function as ItemFn);
    function::expand(&columns, &function).unwrap_or_else(syn::Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "`Parameters` can be derived for structs"));
    };
    let renaming = Renaming::of(&input.attrs)?;
    let (described, parsed) = match &data.fields {
        Fields::Unit => (Vec::new(), quote! { ::anabranch_plugin::__private::parse_none(json, Self) }),
        Fields::Named(fields) => {
            let described = fields.named.iter().map(|field| field::describe(field, renaming));
            (described.collect::<syn::Result<Vec<_>>>()?, quote! { ::anabranch_plugin::__private::parse(json) })
        }
        Fields::Unnamed(fields) => {
            return Err(syn::Error::new_spanned(fields, "parameters have names: give the fields names"));
        }
    };
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::anabranch_plugin::Parameters for #name #arguments #bounds {
            fn describe() -> ::std::vec::Vec<::anabranch_plugin::columns::Parameter> {
                ::std::vec![#(#described),*]
            }

            fn parse(json: &str) -> ::std::result::Result<Self, ::anabranch_plugin::ConfigurationError> {
                #parsed
            }
        }
    })
}
