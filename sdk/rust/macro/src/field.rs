//! One parameter from one field.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Field, Ident, Lit, Meta, Token, Type};

/// How names of fields become names of parameters, as `#[serde(rename_all = …)]` has it.
#[derive(Clone, Copy)]
pub(crate) enum Renaming {
    /// Names stay.
    Snake,
    /// `key_prefix` becomes `key-prefix`.
    Kebab,
}

impl Renaming {
    /// The renaming that the attributes of the struct ask for.
    pub(crate) fn of(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut renaming = Self::Snake;
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            attribute.parse_nested_meta(|meta| {
                let value = skip_value(&meta)?;
                if meta.path.is_ident("rename_all") {
                    renaming = match value.as_deref() {
                        Some("kebab-case") => Self::Kebab,
                        Some("snake_case") => Self::Snake,
                        _ => return Err(meta.error("parameters are named in `kebab-case` or `snake_case`")),
                    };
                }
                Ok(())
            })?;
        }
        Ok(renaming)
    }

    fn apply(self, field: &Ident) -> String {
        let name = field.to_string();
        let name = name.strip_prefix("r#").unwrap_or(&name);
        match self {
            Self::Snake => name.to_owned(),
            Self::Kebab => name.replace('_', "-"),
        }
    }
}

/// The value of `name = "value"`, where there is one; anything else in parentheses is passed over.
fn skip_value(meta: &syn::meta::ParseNestedMeta<'_>) -> syn::Result<Option<String>> {
    if meta.input.peek(syn::token::Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        content.parse::<TokenStream>()?;
        return Ok(None);
    }
    if !meta.input.peek(Token![=]) {
        return Ok(None);
    }
    match meta.value()?.parse::<Expr>()? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(Some(text.value())),
        _ => Ok(None),
    }
}

/// The expression of type `Parameter` for one field.
pub(crate) fn describe(field: &Field, renaming: Renaming) -> syn::Result<TokenStream> {
    let Some(ident) = &field.ident else { return Err(syn::Error::new(field.span(), "parameters have names")) };
    let mut name = renaming.apply(ident);
    let mut default: Option<Expr> = None;
    let mut kind: Option<Ident> = None;
    for attribute in &field.attrs {
        if attribute.path().is_ident("serde") {
            attribute.parse_nested_meta(|meta| {
                let value = skip_value(&meta)?;
                if let (true, Some(value)) = (meta.path.is_ident("rename"), value) {
                    name = value;
                } else if ["default", "skip", "skip_deserializing", "flatten"].iter().any(|word| meta.path.is_ident(word)) {
                    return Err(meta.error(
                        "the host could not tell this from the outside: give a default by `#[parameter(default = …)]`, make \
                         what may be absent an `Option`, and keep what is no parameter out of the struct",
                    ));
                }
                Ok(())
            })?;
        } else if attribute.path().is_ident("parameter") {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("default") {
                    default = Some(meta.value()?.parse()?);
                    return Ok(());
                }
                kind = match meta.path.get_ident().map(ToString::to_string).as_deref() {
                    Some("text") => Some(Ident::new("Text", meta.path.span())),
                    Some("any") => Some(Ident::new("Any", meta.path.span())),
                    _ => return Err(meta.error("a parameter takes `default = …`, and `text` or `any`")),
                };
                Ok(())
            })?;
        }
    }
    let (help, ty) = (help(&field.attrs), &field.ty);
    let (kind, may_be_absent) = match kind {
        Some(kind) => {
            let may_be_absent = is_option(ty);
            (quote! { ::anabranch_plugin::columns::ParameterType::#kind }, quote! { #may_be_absent })
        }
        None => (
            quote! { <#ty as ::anabranch_plugin::ParameterValue>::KIND },
            quote! { <#ty as ::anabranch_plugin::ParameterValue>::MAY_BE_ABSENT },
        ),
    };
    let (required, default) = match default {
        Some(default) => (
            quote! { false },
            quote! { ::std::option::Option::Some(::anabranch_plugin::__private::default(&(#default))) },
        ),
        None => (quote! { !#may_be_absent }, quote! { ::std::option::Option::None }),
    };
    Ok(quote! {
        ::anabranch_plugin::columns::Parameter {
            name: ::std::string::String::from(#name),
            kind: #kind,
            required: #required,
            default: #default,
            help: ::std::string::String::from(#help),
        }
    })
}

/// Whether a type is written as an `Option`.
fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option"))
}

/// The documentation comment in one line.
fn help(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
