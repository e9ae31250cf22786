//! Inputs that no chain would hand to an epoch.

use assay_scoring::yuma::{EpochInput, InputError};

use crate::{lone_validator, subnet};

fn fault(change: impl Fn(&mut EpochInput)) -> InputError {
    let mut input = lone_validator(&[(1, 1)], &[(1, 1)]);
    assert_eq!(input.check(), Ok(()));
    change(&mut input);
    input.check().unwrap_err()
}

#[test]
fn lists_of_another_length_are_named() {
    let length = |name, length| InputError::Length { name, length, seats: 3 };
    assert_eq!(fault(|input| input.last_update.push(0)), length("last_update", 4));
    assert_eq!(fault(|input| input.block_at_registration.clear()), length("block_at_registration", 0));
    assert_eq!(fault(|input| input.validator_permits.truncate(2)), length("validator_permits", 2));
    assert_eq!(fault(|input| input.stake_fraction.push(0)), length("stake_fraction", 1));
    assert_eq!(fault(|input| input.commit_blocks = Some(Vec::new())), length("commit_blocks", 0));
}

#[test]
fn uids_without_a_seat_are_named() {
    let uid = |name, uid| InputError::Uid { name, uid, seats: 3 };
    assert_eq!(fault(|input| input.owner_uid = Some(3)), uid("owner_uid", 3));
    assert_eq!(fault(|input| input.weights = [(3, vec![])].into()), uid("weights", 3));
    assert_eq!(fault(|input| input.bonds = [(0, vec![(9, 1), (4, 1)])].into()), uid("bonds", 9));
}

#[test]
fn a_uid_names_65536_seats() {
    let seats = |n| subnet(&vec![0; n]).check();
    assert_eq!((seats(65_536), seats(65_537)), (Ok(()), Err(InputError::Seats(65_537))));
    assert_eq!(InputError::Seats(65_537).to_string(), "65537 seats: a uid names 65536 at most");
}
