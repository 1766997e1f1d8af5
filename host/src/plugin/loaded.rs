//! A plugin that was read, checked, compiled and asked what it is: everything that its instances share.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::job::{PluginLimits, PluginSource, PluginUse};

use super::bindings::PluginPre;
use super::description::Description;
use super::engine::{Engines, Metering, Runtime};
use super::guest::GuestState;
use super::instance::{Instance, Lane};
use super::{PluginError, parameters};
use super::{component, source};

/// Bytes that any answer may take at most: Arrow's offsets have 31 bits.
const OUTPUT: usize = 1 << 30;

/// Why a plugin is compiled a second time.
const COUNTED: &str = " once more, so that its instructions are counted";

/// The file of a plugin, compiled.
pub(super) struct Code {
    pub(super) path: PathBuf,
    pub(super) wasm: Vec<u8>,
    pub(super) imports: Vec<String>,
    engines: Arc<Engines>,
    time: PluginPre<GuestState>,
    fuel: OnceLock<Result<PluginPre<GuestState>, String>>,
}

impl Code {
    /// Reads, checks and compiles a plugin, whose file must have this digest.
    ///
    /// # Errors
    /// Whatever makes the file no plugin of this interface version.
    pub(super) fn load(from: &PluginSource, sha256: Option<&str>, engines: &Arc<Engines>) -> Result<Self, PluginError> {
        Self::compile(PathBuf::from(from.to_string()), source::read(from, sha256)?, engines)
    }

    /// Checks and compiles what the file at `path` holds.
    ///
    /// # Errors
    /// Whatever makes it no plugin of this interface version.
    pub(super) fn compile(path: PathBuf, content: Vec<u8>, engines: &Arc<Engines>) -> Result<Self, PluginError> {
        let invalid = |message: String| PluginError::Invalid { path: path.clone(), message };
        let wasm = component::of(&path, content)?;
        let runtime = engines.runtime(Metering::Time).map_err(|message| PluginError::Engine { message })?;
        let compiled = engines
            .cache
            .component(&runtime.engine, &wasm, &path, "")
            .map_err(|error| invalid(format!("{error:#}")))?;
        let imports = component::check(&path, runtime, &compiled)?;
        let time = prepare(runtime, &compiled).map_err(invalid)?;
        Ok(Self { path, wasm, imports, engines: Arc::clone(engines), time, fuel: OnceLock::new() })
    }

    /// The code for one way of metering; that for instructions is compiled at its first use.
    ///
    /// # Errors
    /// Why it cannot be compiled.
    pub(super) fn prepared(&self, metering: Metering) -> Result<&PluginPre<GuestState>, String> {
        match metering {
            Metering::Time => Ok(&self.time),
            Metering::Fuel => self
                .fuel
                .get_or_init(|| {
                    let runtime = self.engines.runtime(metering)?;
                    let compiled = self.engines.cache.component(&runtime.engine, &self.wasm, &self.path, COUNTED);
                    prepare(runtime, &compiled.map_err(|error| format!("{error:#}"))?)
                })
                .as_ref()
                .map_err(Clone::clone),
        }
    }

    /// Digest of the component.
    pub(super) fn sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.wasm))
    }
}

/// Links a component, so that instances of it start fast.
fn prepare(runtime: &Runtime, component: &wasmtime::component::Component) -> Result<PluginPre<GuestState>, String> {
    let linked = runtime.linker.instantiate_pre(component).and_then(PluginPre::new);
    linked.map_err(|error| format!("{error:#}"))
}

/// A plugin as a job uses it.
pub(super) struct Loaded {
    /// What the job calls it, with its version: `mask 0.3.0`.
    pub(super) label: Arc<str>,
    /// What the job calls it.
    pub(super) name: String,
    pub(super) code: Code,
    pub(super) description: Description,
    /// The configuration as a JSON object.
    pub(super) parameters: String,
    pub(super) limits: PluginLimits,
}

impl Loaded {
    /// Loads a plugin and checks the job's parameters against its description.
    ///
    /// # Errors
    /// A file that is no plugin, or parameters that do not fit.
    pub(super) fn load(plugin: &PluginUse, engines: &Arc<Engines>) -> Result<Self, PluginError> {
        Self::with_code(plugin, Code::load(&plugin.source, plugin.sha256.as_deref(), engines)?)
    }

    /// As [`Self::load`], with code that is there already.
    ///
    /// # Errors
    /// A plugin that fails, or parameters that do not fit.
    pub(super) fn with_code(plugin: &PluginUse, code: Code) -> Result<Self, PluginError> {
        let limits = PluginLimits { output: plugin.limits.output.min(OUTPUT), ..plugin.limits };
        let description = describe(&plugin.name, &code, limits)?;
        let parameters = parameters::resolve(&plugin.name, &description, &plugin.parameters)?;
        Ok(Self {
            label: format!("{} {}", plugin.name, description.version).into(),
            name: plugin.name.clone(),
            code,
            description,
            parameters: serde_json::Value::Object(parameters).to_string(),
            limits,
        })
    }
}

/// Asks a plugin what it is.
///
/// # Errors
/// A plugin that fails, or whose description contradicts itself.
pub(super) fn describe(name: &str, code: &Code, limits: PluginLimits) -> Result<Description, PluginError> {
    let mut instance = Instance::bare(name.into(), code, limits, &Lane::nowhere(), Metering::Time)?;
    Description::check(name, instance.describe()?)
}
