//! Ports for servers of tests, which are told theirs before they start.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::net::TcpListener;

use anyhow::{Context as _, Result};

/// Ports that are free now, and that the system gives to nobody by itself: what is started again needs the one
/// that it had.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let listener = (0..1000).find_map(|_| {
            // Linux gives ports from 32768 on.
            let number = 12_000 + (RandomState::new().build_hasher().finish() % 20_000) as u16;
            TcpListener::bind(("127.0.0.1", number)).ok()
        });
        let listener = listener.context("no free port")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
