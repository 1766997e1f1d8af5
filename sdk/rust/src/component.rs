//! Makes a component of a [`Plugin`]: what [`export!`](crate::export) writes, and what it calls.

use std::cell::RefCell;

use crate::columns::{Answer, Batch, Description};
use crate::{ConfigurationError, Configure, Context, Parameters, Plugin};

/// The plugin's description of itself.
pub fn describe<P: Plugin>(name: &str, version: &str, summary: &str) -> Description {
    tell_of_panics();
    Description {
        name: name.to_owned(),
        version: version.to_owned(),
        summary: summary.to_owned(),
        reads: P::READS,
        changes: P::CHANGES,
        state: P::STATE,
        parameters: <P as Configure>::Parameters::describe(),
    }
}

/// Where the one plugin of an instance lives.
#[derive(Debug)]
pub struct Slot<P>(RefCell<Option<P>>);

impl<P: Plugin> Slot<P> {
    /// A place without a plugin.
    #[allow(clippy::new_without_default, reason = "it stands in a constant")]
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }

    /// Makes the plugin.
    ///
    /// # Errors
    /// Parameters that the plugin does not take.
    pub fn configure(&self, context: &Context, parameters: &str) -> Result<(), ConfigurationError> {
        tell_of_panics();
        *self.0.borrow_mut() = Some(P::configure(<P as Configure>::Parameters::parse(parameters)?, context)?);
        Ok(())
    }

    /// The plugin's answer for a batch.
    ///
    /// # Errors
    /// The plugin's own failure.
    pub fn process(&self, batch: &Batch) -> Result<Answer, String> {
        match &mut *self.0.borrow_mut() {
            Some(plugin) => plugin.batch(batch),
            None => Err("`process` was called before `configure`".to_owned()),
        }
    }
}

/// Has a panic's message logged before it becomes a trap, which carries none.
fn tell_of_panics() {
    #[cfg(target_family = "wasm")]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            std::panic::set_hook(Box::new(|panic| crate::log(crate::Level::Error, &panic.to_string())));
        });
    }
}

/// Makes a component of a [`Plugin`](crate::Plugin): `anabranch_plugin::export!(MyPlugin);`.
///
/// Stands once in a crate of type `cdylib`. Name, version and summary are the package's. Away from
/// WebAssembly it exports nothing, so that plugins can be linked into tests.
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        const _: () = {
            #[allow(dead_code, reason = "only a component is described")]
            fn describe() -> $crate::columns::Description {
                $crate::component::describe::<$plugin>(
                    ::std::env!("CARGO_PKG_NAME"),
                    ::std::env!("CARGO_PKG_VERSION"),
                    ::std::env!("CARGO_PKG_DESCRIPTION"),
                )
            }

            #[cfg(target_family = "wasm")]
            const _: () = {
                struct Component;

                ::std::thread_local! {
                    static PLUGIN: $crate::component::Slot<$plugin> = const { $crate::component::Slot::new() };
                }

                impl $crate::bindings::exports::anabranch::plugin::guest::Guest for Component {
                    fn describe() -> $crate::columns::Description {
                        describe()
                    }

                    fn configure(
                        context: $crate::Context,
                        parameters: ::std::string::String,
                    ) -> ::std::result::Result<(), $crate::ConfigurationError> {
                        PLUGIN.with(|plugin| plugin.configure(&context, &parameters))
                    }

                    fn process(
                        batch: $crate::columns::Batch,
                    ) -> ::std::result::Result<$crate::columns::Answer, ::std::string::String> {
                        PLUGIN.with(|plugin| plugin.process(&batch))
                    }
                }

        $crate::bindings::export_component!(Component with_types_in $crate::bindings);
            };
        };
    };
}
