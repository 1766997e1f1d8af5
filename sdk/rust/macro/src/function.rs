//! `#[plugin]`: a plugin of a single function.
//!
//! The function stays as it is; beside it stands a type that is the plugin, named as the function but in the way of types.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::meta::ParseNestedMeta;
use syn::{FnArg, Ident, ItemFn, ReturnType, Type};

/// The columns that the attribute names.
#[derive(Default)]
pub(crate) struct Columns {
    reads: Vec<Ident>,
    changes: Vec<Ident>,
}

impl Columns {
    /// Takes `reads(key, value)` or `changes(value)`.
    pub(crate) fn take(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let columns = match () {
            () if meta.path.is_ident("reads") => &mut self.reads,
            () if meta.path.is_ident("changes") => &mut self.changes,
            () => return Err(meta.error("expected `reads(…)` or `changes(…)`")),
        };
        meta.parse_nested_meta(|column| match column.path.get_ident() {
            Some(name) if NAMES.iter().any(|known| name == known) => {
                columns.push(format_ident!("{}", name.to_string().to_uppercase(), span = name.span()));
                Ok(())
            }
            _ => Err(column.error(format!("a column is one of {}", NAMES.map(|name| format!("`{name}`")).join(", ")))),
        })
    }
}

/// The columns of the interface.
const NAMES: [&str; 6] = ["key", "value", "headers", "timestamp", "topic", "partition"];

/// The function, and the plugin that it is.
pub(crate) fn expand(columns: &Columns, function: &ItemFn) -> syn::Result<TokenStream> {
    let signature = &function.sig;
    let wrong = |what: &str| Err(syn::Error::new_spanned(signature, what));
    if !signature.generics.params.iter().all(|parameter| matches!(parameter, syn::GenericParam::Lifetime(_)))
        || signature.asyncness.is_some()
    {
        return wrong("a plugin's function is neither generic nor `async`");
    }
    if matches!(signature.output, ReturnType::Default) {
        return wrong("a plugin's function says what becomes of the record: it returns an `Outcome`");
    }
    let inputs: Vec<&FnArg> = signature.inputs.iter().collect();
    let (parameters, argument) = match inputs[..] {
        [_] => (quote! { () }, None),
        [_, FnArg::Typed(second)] => match &*second.ty {
            Type::Reference(reference) if reference.mutability.is_none() => {
                let parameters = &reference.elem;
                (quote! { #parameters }, Some(quote! { , &self.0 }))
            }
            _ => return wrong("the second argument is a reference to the plugin's parameters, `&Settings`"),
        },
        _ => return wrong("a plugin's function takes a `Record`, and if it has parameters a reference to them"),
    };
    let handler = &signature.ident;
    let plugin = format_ident!("{}", type_name(&handler.to_string()), span = handler.span());
    let visibility = &function.vis;
    let documentation = function.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let Columns { reads, changes } = columns;
    Ok(quote! {
        #function

        #(#documentation)*
        #visibility struct #plugin(#[allow(dead_code)] #parameters);

        impl ::anabranch_plugin::Configure for #plugin {
            type Parameters = #parameters;

            fn configure(
                parameters: #parameters,
                _: &::anabranch_plugin::Context,
            ) -> ::std::result::Result<Self, ::anabranch_plugin::ConfigurationError> {
                ::std::result::Result::Ok(Self(parameters))
            }
        }

        impl ::anabranch_plugin::Plugin for #plugin {
            const READS: ::anabranch_plugin::Columns =
                ::anabranch_plugin::Columns::empty()#(.union(::anabranch_plugin::Columns::#reads))*;
            const CHANGES: ::anabranch_plugin::Columns =
                ::anabranch_plugin::Columns::empty()#(.union(::anabranch_plugin::Columns::#changes))*;

            #[inline]
            fn record(&mut self, record: ::anabranch_plugin::Record<'_>) -> ::anabranch_plugin::Outcome {
                #handler(record #argument)
            }
        }

        ::anabranch_plugin::export!(#plugin);
    })
}

/// `drop_test_users` as the name of a type: `DropTestUsers`.
fn type_name(function: &str) -> String {
    let words = function.strip_prefix("r#").unwrap_or(function).split('_');
    words
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<Vec<_>>()
        })
        .collect()
}
