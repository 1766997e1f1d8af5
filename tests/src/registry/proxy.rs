//! A proxy in front of a registry, on loopback, in this process: it keeps what was asked, demands that clients say who they
//! are, and misbehaves by the test's will.
//!
//! A test that needs one starts one of its own: what is asked of it is asked by that test alone.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::confluent::Confluent;
use super::front::{Asked, Demand, Fault, Front};
use super::{Api, Registry};
use crate::ports::free_ports;

/// A running proxy; it stops when dropped.
pub struct Proxy {
    address: SocketAddr,
    front: Arc<Front>,
    runtime: Option<Runtime>,
    /// `None` while it is shut.
    accepting: Mutex<Option<JoinHandle<()>>>,
}

impl Proxy {
    /// Starts one that hands every request on as it is.
    ///
    /// # Errors
    /// No port, no threads.
    pub fn start(registry: &Registry) -> Result<Self> {
        Self::of(Front::new(registry.url(), None)?)
    }

    /// Starts one that besides adds what Confluent's server has and this registry has not: modes and the import of schemas
    /// with ids of their own, `guid`, `messages` of what is not compatible. What it cannot add stands in `confluent.rs`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn confluent(registry: &Registry) -> Result<Self> {
        Self::of(Front::new(registry.url(), Some(Confluent::default()))?)
    }

    fn of(front: Front) -> Result<Self> {
        let [port] = free_ports()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let proxy = Self { address, front: Arc::new(front), runtime: Some(runtime), accepting: Mutex::default() };
        proxy.open()?;
        Ok(proxy)
    }

    /// Where clients reach it, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests to it.
    pub fn api(&self) -> Api {
        Api::new(self.url())
    }

    /// What was asked since this was asked last, in order; also what was refused.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.front.will().asked)
    }

    /// Refuses with 401 who does not say this; nobody, if none.
    pub fn demand(&self, demand: Option<Demand>) {
        self.front.will().demand = demand;
    }

    /// Each of the next requests that begin so (`GET /schemas/ids/`, or nothing for all) meets one of these, in this
    /// order.
    pub fn misbehave(&self, begin: &str, faults: impl IntoIterator<Item = Fault>) {
        self.front.will().next.extend(faults.into_iter().map(|fault| (begin.to_owned(), fault)));
    }

    /// Every request that begins so meets this, until it [behaves](Self::behave).
    pub fn misbehave_always(&self, begin: &str, fault: Fault) {
        self.front.will().always.push((begin.to_owned(), fault));
    }

    /// Behaves again; tells how many of the faults that were to be met once nobody has met.
    pub fn behave(&self) -> usize {
        let mut will = self.front.will();
        will.always.clear();
        std::mem::take(&mut will.next).len()
    }

    /// Nobody is there any more: connections break, and new ones are refused.
    ///
    /// # Errors
    /// A runtime that has ended.
    pub fn shut(&self) -> Result<()> {
        let accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(accepting) = accepting {
            accepting.abort();
            // Aborted it is: that is what it has to say.
            let _ = self.runtime()?.block_on(accepting);
        }
        Ok(())
    }

    /// Is there again, at the same place.
    ///
    /// # Errors
    /// A port that somebody else has taken meanwhile.
    pub fn open(&self) -> Result<()> {
        let mut accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner);
        if accepting.is_none() {
            let listener = self.runtime()?.block_on(TcpListener::bind(self.address))?;
            *accepting = Some(self.runtime()?.spawn(Arc::clone(&self.front).accept(listener)));
        }
        Ok(())
    }

    fn runtime(&self) -> Result<&Runtime> {
        self.runtime.as_ref().context("it has ended")
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
