//! `assay doctor`: what a miner or a validator needs, looked at one by one: what was found, and what to do where that won't do.

mod checkpoint;
mod clock;
mod disk;
mod finding;
mod gpu;
mod libtorch;
mod nodes;
mod ports;
mod seat;

pub use finding::{Finding, State};

use crate::settings::Settings;

/// What is to run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// `assay miner`.
    Miner,
    /// `assay validator`.
    Validator,
}

/// What is looked at.
pub struct Patient<'a> {
    /// Without one, what both need.
    pub role: Option<Role>,
    /// What is set.
    pub settings: &'a Settings,
    /// A development key instead of a wallet's.
    pub key: Option<&'a str>,
}

/// Everything, in the order in which a start would come to it.
pub async fn examine(patient: &Patient<'_>) -> Vec<Finding> {
    let Patient { role, settings, key } = *patient;
    let mut findings = vec![libtorch::look(&settings.model), gpu::look(&settings.model)];
    findings.extend(checkpoint::look(&settings.model, role).await);
    findings.extend(disk::look(settings, role));
    findings.extend(ports::look(settings, role).await);
    let (nodes, chain) = nodes::look(&settings.chain).await;
    findings.extend(nodes);
    findings.extend(clock::look(chain.as_ref()).await);
    findings.extend(seat::look(patient_key(settings, key), settings, role, chain.as_ref()).await);
    findings
}

/// Nothing but the machine, where the settings can't be read.
pub async fn examine_machine() -> Vec<Finding> {
    let usual = Settings::default();
    let mut findings = vec![libtorch::look(&usual.model)];
    findings.extend(clock::look(None).await);
    findings
}

fn patient_key(settings: &Settings, key: Option<&str>) -> anyhow::Result<primitives::wallet::Loaded> {
    seat::key(&settings.wallet, key, settings.chain.furthest())
}
