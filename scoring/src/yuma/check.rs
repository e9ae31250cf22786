//! What no chain would hand to an epoch.

use thiserror::Error;

use super::{EpochInput, MOST_SEATS, StoredRows};

/// Why an input is not one of an epoch. A chain's storage never is so, but a file may be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InputError {
    /// More seats than a uid can name.
    #[error("{0} seats: a uid names {MOST_SEATS} at most")]
    Seats(usize),
    /// A vector that hasn't one entry per seat.
    #[error("{name}: {length} entries for {seats} seats")]
    Length {
        /// The field.
        name: &'static str,
        /// Its entries.
        length: usize,
        /// Entries of `stake`.
        seats: usize,
    },
    /// A row that belongs to no seat, or names one that there isn't.
    #[error("{name}: uid {uid} in a subnet of {seats} seats")]
    Uid {
        /// The field.
        name: &'static str,
        /// The uid.
        uid: u16,
        /// Entries of `stake`.
        seats: usize,
    },
}

impl<R: StoredRows> EpochInput<R> {
    /// Number of seats: n.
    pub(crate) fn seats(&self) -> usize {
        self.stake.len().min(MOST_SEATS)
    }

    /// Whether every vector has an entry per seat and every uid its seat. [`super::epoch`] takes any input: what is
    /// odd it reads as the chain would.
    pub fn check(&self) -> Result<(), InputError> {
        let seats = self.stake.len();
        if seats > MOST_SEATS {
            return Err(InputError::Seats(seats));
        }
        let lengths = [
            ("last_update", Some(self.last_update.len())),
            ("block_at_registration", Some(self.block_at_registration.len())),
            ("validator_permits", Some(self.validator_permits.len())),
            ("stake_fraction", (!self.stake_fraction.is_empty()).then_some(self.stake_fraction.len())),
            ("commit_blocks", self.commit_blocks.as_ref().map(Vec::len)),
        ];
        for (name, length) in lengths {
            if let Some(length) = length.filter(|length| *length != seats) {
                return Err(InputError::Length { name, length, seats });
            }
        }
        let named = |rows: &R| rows.uids().flat_map(|uid| rows.row(uid).map(|(named, _)| named).chain([uid])).max();
        let uids = [("weights", named(&self.weights)), ("bonds", named(&self.bonds)), ("owner_uid", self.owner_uid)];
        for (name, uid) in uids {
            if let Some(uid) = uid.filter(|uid| usize::from(*uid) >= seats) {
                return Err(InputError::Uid { name, uid, seats });
            }
        }
        Ok(())
    }
}
