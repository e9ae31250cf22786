//! `assay weights status`: the journal beside the chain.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use chain::Verdict;
use primitives::{BlockNumber, BlockRef};
use serde::Serialize;
use validator::{Abandoned, Identity, State, Store, StoreError, Submission};

use super::ValidatorFlags;
use crate::args::Global;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    validator: ValidatorFlags,
}

/// A submission for people and programs.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub epoch_index: u64,
    pub planned_at: BlockNumber,
    pub uids: usize,
    pub version_key: u64,
    /// Calls that were signed for it.
    pub attempts: u32,
    pub state: &'static str,
    /// The block that holds the call, or at which the row was read back.
    pub block: Option<BlockRef>,
    /// The epoch under which the chain filed the commit.
    pub commit_epoch: Option<u64>,
    /// Why it was given up.
    pub reason: Option<&'static str>,
    pub detail: Option<String>,
}

impl Line {
    pub(super) fn of(submission: &Submission) -> Self {
        let reason = match &submission.state {
            State::Abandoned(reason) => Some(reason),
            _ => None,
        };
        let block = match &submission.state {
            State::InBlock { block, .. } | State::Landed { block, .. } | State::Verified { block } => Some(*block),
            State::Committed => submission.commit.as_ref().map(|commit| commit.block),
            State::Planned | State::Signed(_) | State::Abandoned(_) => None,
        };
        Self {
            epoch_index: submission.epoch_index,
            planned_at: submission.planned_at,
            uids: submission.weights.len(),
            version_key: submission.version_key,
            attempts: submission.attempts,
            state: submission.state.as_str(),
            block,
            commit_epoch: submission.commit.as_ref().map(|commit| commit.epoch),
            reason: reason.map(Abandoned::code),
            detail: reason.and_then(|reason| reason.detail()).map(str::to_owned),
        }
    }

    fn text(&self) -> String {
        let Self { epoch_index, planned_at, uids, state, .. } = self;
        let mut text = format!("epoch {epoch_index}: {state}, {uids} uids, planned at block {planned_at}");
        if let Some(block) = self.block {
            text += &format!(", block {}", block.number);
        }
        if let Some(reason) = self.reason {
            text += &format!(", {reason}");
        }
        if let Some(detail) = &self.detail {
            text += &format!(" ({detail})");
        }
        text
    }
}

/// Exit status 1 where it was given up, 3 where the chain refused it.
pub(super) fn print_submission(submission: &Submission, json: bool) -> anyhow::Result<ExitCode> {
    let line = Line::of(submission);
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&line)?)?
    } else {
        writeln!(out, "{}", line.text())?
    }
    Ok(match &submission.state {
        State::Abandoned(Abandoned::Refused(_)) => ExitCode::from(3),
        State::Abandoned(_) => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

#[derive(Debug, Serialize)]
struct Document {
    /// The last one, and those that are not at their end.
    submissions: Vec<Line>,
    /// Read at this block.
    block: BlockRef,
    /// The block of the last row or commit that the chain took.
    last_update: BlockNumber,
    /// The last verified row, and how many of its weights the chain has otherwise by now.
    verified_epoch: Option<u64>,
    differences: Option<usize>,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let settings = args.validator.settings(global)?;
    let store = Store::open_read_only(&settings.validator.store_path)?;
    let submissions = store.submissions()?;
    let last = submissions.len().saturating_sub(1);
    let open = submissions.iter().enumerate().filter(|(at, it)| *at == last || !it.state.is_finished());
    let lines: Vec<Line> = open.map(|(_, submission)| Line::of(submission)).collect();

    let validator::Config { netuid, mech, store_path, .. } = settings.validator;
    let hotkey = store.identity()?.ok_or(StoreError::Missing { path: store_path })?.validator;
    let chain = settings.chain.connect().await?;
    store.belongs_to(&Identity { genesis: chain.genesis(), netuid, mech, validator: hotkey })?;
    let head = chain.finalized().await?;
    let state = chain.weights_state(netuid, mech, hotkey, Some(head.hash)).await?;
    let verified = submissions.iter().rev().find(|it| matches!(it.state, State::Verified { .. }));
    let differences = match verified {
        Some(it) => match chain.verify_weights(netuid, mech, hotkey, &it.weights, Some(head.hash)).await? {
            Verdict::Verified { .. } => Some(0),
            Verdict::Differs { differences, .. } => Some(differences.len()),
        },
        None => None,
    };
    let document = Document {
        submissions: lines,
        block: head,
        last_update: state.last_update,
        verified_epoch: verified.map(|it| it.epoch_index),
        differences,
    };
    let mut out = io::stdout().lock();
    if args.validator.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&document)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for line in &document.submissions {
        writeln!(out, "{}", line.text())?;
    }
    writeln!(out, "chain: last update at block {}, read at block {}", document.last_update, head.number)?;
    match (document.verified_epoch, document.differences) {
        (Some(epoch), Some(0)) => writeln!(out, "the row of epoch {epoch} stands as it was verified")?,
        (Some(epoch), Some(count)) => {
            writeln!(out, "the row of epoch {epoch} was verified; {count} of its weights are others by now")?
        }
        _ => writeln!(out, "no row was verified yet")?,
    }
    Ok(ExitCode::SUCCESS)
}
