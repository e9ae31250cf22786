//! `assay weights plan`: the row that follows from the store, and what the chain would say to it.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use primitives::{BlockNumber, BlockRef, Hotkey, MechId, NetUid, Uid, Weights};
use scoring::{Share, Snapshot};
use serde::Serialize;
use validator::{CommitReveal, Identity, Store, StoreError};

use super::ValidatorFlags;
use crate::{args::Global, identity, row, table::Table};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    validator: ValidatorFlags,
}

impl Args {
    pub(super) fn of(validator: ValidatorFlags) -> Self {
        Self { validator }
    }
}

/// What would be set, and why.
#[derive(Debug, Serialize)]
pub(super) struct Plan {
    block: BlockRef,
    netuid: NetUid,
    mech: MechId,
    hotkey: Hotkey,
    uid: Option<Uid>,
    /// `set`, `commit_hash` or `commit_timelocked`.
    call: &'static str,
    version_key: u64,
    epoch_index: u64,
    /// The block that runs the next epoch.
    next_epoch: Option<BlockNumber>,
    /// The block of the last row or commit that the chain took.
    last_update: BlockNumber,
    /// The chain's own name for why it would not take the row in the next block.
    objection: Option<String>,
    /// The first block in which that would pass, where it is a matter of time.
    objection_until: Option<BlockNumber>,
    /// When a timelocked row would be revealed.
    reveal_block: Option<BlockNumber>,
    /// The beacon's round that it would be locked to.
    reveal_round: Option<u64>,
    rows: Vec<Line>,
}

/// One seat's part.
#[derive(Debug, Serialize)]
struct Line {
    uid: Uid,
    hotkey: Hotkey,
    registered_at: BlockNumber,
    /// Moving average of its scores, from 0 to 1; none where it was not scored lately.
    score: Option<f64>,
    /// Its part of the row before it is rounded.
    share: f64,
    /// What would be sent; none where the row leaves the seat out.
    value: Option<u16>,
    /// By how much rounding changes its part.
    quantisation_error: f64,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let settings = args.validator.settings(global)?;
    let key = args.validator.key.key.as_deref();
    let hotkey = identity::hotkey(&settings.wallet, key, settings.chain.furthest())?.hotkey();
    let validator::Config { netuid, mech, commit_reveal, store_path, incentive: rules, .. } = settings.validator;
    let store = Store::open_read_only(&store_path)?;
    let chain = settings.chain.connect().await?;
    store.belongs_to(&Identity { genesis: chain.genesis(), netuid, mech, validator: hotkey })?;
    let table = store.replay(&global.registry)?.table;
    // No model is loaded that would say what is demanded of proofs.
    if !table.incentive().is_but_for_proof(&rules) {
        return Err(StoreError::OtherRules { path: store_path }.into());
    }
    let (metagraph, rules) = chain.subnet(netuid, mech, None).await?;
    let state = chain.weights_state(netuid, mech, hotkey, Some(metagraph.block.hash)).await?;
    let shares = scoring::shares(&table, &Snapshot::new(&metagraph, &rules))?;
    let weights = Weights::new(shares.iter().filter_map(|share| Some((share.uid, share.value?))))?;
    let timelocked = state.commit_reveal_weights_enabled && commit_reveal == CommitReveal::Timelocked;
    let reveal = if timelocked { Some(chain.reveal_plan(netuid).await?) } else { None };

    let objection = validator::foresee(&state, commit_reveal, &weights, rules.weights_version).err();
    let plan = Plan {
        block: metagraph.block,
        netuid,
        mech,
        hotkey,
        uid: state.uid,
        call: match commit_reveal {
            _ if !state.commit_reveal_weights_enabled => "set",
            CommitReveal::Timelocked => "commit_timelocked",
            CommitReveal::Hash => "commit_hash",
        },
        version_key: rules.weights_version,
        epoch_index: rules.epoch_index,
        next_epoch: rules.next_epoch_block(metagraph.block.number),
        last_update: state.last_update,
        objection_until: objection.as_ref().and_then(chain::Objection::until),
        objection: objection.map(|objection| objection.name()),
        reveal_block: reveal.as_ref().map(|plan| plan.reveal_block),
        reveal_round: reveal.as_ref().map(|plan| plan.round),
        rows: lines(&shares),
    };
    plan.print(args.validator.json)?;
    Ok(ExitCode::SUCCESS)
}

fn lines(shares: &[Share]) -> Vec<Line> {
    let exact: f64 = shares.iter().map(|share| share.exact as f64).sum();
    let values: f64 = shares.iter().filter_map(|share| share.value).map(f64::from).sum();
    let of = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let line = |share: &Share| {
        let part = of(share.exact as f64, exact);
        Line {
            uid: share.uid,
            hotkey: share.registration.hotkey,
            registered_at: share.registration.block,
            score: share.standing.map(|standing| standing.nano() as f64 / 1e9),
            share: part,
            value: share.value,
            quantisation_error: of(f64::from(share.value.unwrap_or_default()), values) - part,
        }
    };
    shares.iter().map(line).collect()
}

impl Plan {
    fn print(&self, json: bool) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        if json {
            serde_json::to_writer_pretty(&mut out, self)?;
            writeln!(out)?;
            return Ok(());
        }
        let Self { block, netuid, mech, hotkey, call, version_key, last_update, epoch_index, .. } = self;
        let number = |block: Option<BlockNumber>| block.map_or_else(|| "none".to_owned(), |block| block.to_string());
        writeln!(out, "subnet {netuid}, mechanism {mech}, at block {}", block.number)?;
        writeln!(out, "hotkey        {hotkey}, uid {}", self.uid.map_or_else(|| "none".into(), |uid| uid.to_string()))?;
        writeln!(out, "call          {call}, version key {version_key}")?;
        writeln!(out, "epoch         {epoch_index}, the next one at block {}", number(self.next_epoch))?;
        writeln!(out, "last update   block {last_update}")?;
        if let (Some(block), Some(round)) = (self.reveal_block, self.reveal_round) {
            writeln!(out, "reveal        from block {block} on, round {round} of the beacon")?;
        }
        match (&self.objection, self.objection_until) {
            (None, _) => writeln!(out, "the chain     would take it in the next block")?,
            (Some(name), None) => writeln!(out, "the chain     would refuse it: {name}")?,
            (Some(name), Some(until)) => writeln!(out, "the chain     would refuse it before block {until}: {name}")?,
        }
        let mut table = Table::new(&["uid", "hotkey", "score", "share", "u16", "rounding"]);
        for line in &self.rows {
            table.push(row![
                line.uid,
                line.hotkey,
                line.score.map_or_else(|| "-".to_owned(), |score| format!("{score:.6}")),
                format!("{:.6}", line.share),
                line.value.map_or_else(|| "-".to_owned(), |value| value.to_string()),
                format!("{:+.1e}", line.quantisation_error),
            ]);
        }
        table.write(&mut out)?;
        Ok(())
    }
}
