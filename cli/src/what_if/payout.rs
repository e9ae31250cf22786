//! What an epoch pays by the logged row, and what it would have paid by the other one.

use anyhow::{Context as _, ensure};
use chain::Client;
use primitives::{BlockNumber, Uid};
use scoring::{
    Header, alone, with_row,
    yuma::{self, EpochInput, EpochOutput},
};
use serde::Serialize;

use super::Chosen;
use crate::commands::epoch;

/// Which epoch pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The chain's, after the block at which the row landed,
    Landed,
    /// or at the finalised head: the row wasn't seen on chain.
    Head,
    /// A file's.
    File,
    /// None that is: as if this validator alone had stake.
    Alone,
}

/// One epoch, twice.
pub struct Payout {
    pub basis: Basis,
    pub block: BlockNumber,
    pub emission: u64,
    /// Nothing waited to be paid out there, so an alpha is taken to.
    pub nothing_pending: bool,
    /// The validator's seat.
    pub own: Uid,
    /// Seats that somebody else has there than had when the row was computed: no weight counts for them.
    pub other_tenants: usize,
    pub before: EpochOutput,
    pub after: EpochOutput,
}

impl Payout {
    /// By the chain's state at the block at which the row landed.
    pub async fn by_chain(chain: &Client, header: &Header, chosen: &Chosen) -> anyhow::Result<Self> {
        let (found, wanted) = (chain.genesis(), header.genesis);
        ensure!(found == wanted, "the log is of chain {wanted}, not of {found}");
        ensure!(
            header.mech.0 == 0,
            "the log is of mechanism {}: only epochs of the first can be computed",
            header.mech
        );
        let at = chosen.landed.map(|landed| landed.hash);
        let state = chain.epoch_state(header.netuid, at).await.with_context(|| match chosen.landed {
            Some(landed) => format!("reading the state of block {}", landed.number),
            None => "reading the state of the finalised head".into(),
        })?;
        let mut input = epoch::input(state)?;
        // So it is right after an epoch.
        let nothing_pending = input.emission == 0;
        if nothing_pending {
            input.emission = 1_000_000_000;
        }
        let basis = if at.is_some() { Basis::Landed } else { Basis::Head };
        Ok(Self { nothing_pending, ..Self::of(basis, &input, own(header, chosen)?, chosen)? })
    }

    /// By an epoch of a file.
    pub fn by_file(input: &EpochInput, header: &Header, chosen: &Chosen) -> anyhow::Result<Self> {
        Self::of(Basis::File, input, own(header, chosen)?, chosen)
    }

    /// By an epoch in which nobody else has stake; none where the validator has no seat.
    pub fn alone(header: &Header, chosen: &Chosen) -> Option<Self> {
        let (own, input) = alone(&chosen.snapshot, &header.validator)?;
        Self::of(Basis::Alone, &input, own, chosen).ok()
    }

    fn of(basis: Basis, input: &EpochInput, own: Uid, chosen: &Chosen) -> anyhow::Result<Self> {
        let seats = input.stake.len();
        let place = |uid: Uid| usize::from(uid.0);
        ensure!(
            place(own) < seats,
            "the epoch has {seats} seats, and the validator's is {own}: it is of another subnet"
        );
        let registered = |uid: Uid| input.block_at_registration.get(place(uid)).copied();
        let moved = |seat: &&scoring::Seat| {
            place(seat.uid) >= seats || registered(seat.uid).is_some_and(|block| block != seat.registration.block)
        };
        let moved: Vec<Uid> = chosen.snapshot.seats.iter().filter(moved).map(|seat| seat.uid).collect();
        ensure!(
            !moved.contains(&own),
            "another neuron has the validator's seat {own} in the epoch at block {}",
            input.block
        );
        let at = chosen.snapshot.block.number;
        let run = |row| yuma::epoch(&with_row(input, own, row, at));
        let (before, after) = (run(&chosen.logged), run(&chosen.standing));
        Ok(Self {
            basis,
            block: input.block,
            emission: input.emission,
            nothing_pending: false,
            own,
            other_tenants: moved.len(),
            before,
            after,
        })
    }
}

fn own(header: &Header, chosen: &Chosen) -> anyhow::Result<Uid> {
    let mut seats = chosen.snapshot.seats.iter();
    let seat = seats.find(|seat| seat.registration.hotkey == header.validator);
    Ok(seat.context("the validator has no seat in the row's snapshot: no epoch counts its row")?.uid)
}
