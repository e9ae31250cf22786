//! Whose seat a newcomer takes when there is no free one.

/// A seat, as its fate depends on it. By uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// `Emission` of the last epoch, in rao.
    pub emission: u64,
    /// Block of the registration.
    pub registered_at: u64,
    /// Whether it is one of the owner's that nobody may take.
    pub immortal: bool,
}

/// The uid of the lowest emission among those past immunity or, if no more than `min_non_immune_uids` of them are there,
/// among the immune. Of equals the oldest registration goes, then the lowest uid.
pub fn seat_to_prune(seats: &[Tenure], block: u64, immunity_period: u16, min_non_immune_uids: u16) -> Option<u16> {
    let is_immune = |seat: &Tenure| block.saturating_sub(seat.registered_at) < u64::from(immunity_period);
    let mortal = (0..=u16::MAX).zip(seats).filter(|(_, seat)| !seat.immortal);
    let (immune, free): (Vec<_>, Vec<_>) = mortal.partition(|(_, seat)| is_immune(seat));
    let candidates = if free.len() > usize::from(min_non_immune_uids) { free } else { immune };
    candidates.into_iter().min_by_key(|(uid, seat)| (seat.emission, seat.registered_at, *uid)).map(|(uid, _)| uid)
}

/// The owner's seats that nobody may take: the oldest `limit` of those that it owns, each with its block of registration,
/// and that of its subnet hotkey before all.
pub fn immortal_seats(owned: &[(u64, u16)], owner_seat: Option<u16>, limit: u16) -> Vec<u16> {
    let mut owned = owned.to_vec();
    owned.sort_unstable();
    let mut uids: Vec<u16> = owned.into_iter().map(|(_, uid)| uid).take(limit.into()).collect();
    if let Some(uid) = owner_seat.filter(|uid| !uids.contains(uid)) {
        uids.insert(0, uid);
        uids.truncate(limit.into());
    }
    uids
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(of: &[(u64, u64)]) -> Vec<Tenure> {
        of.iter().map(|&(emission, registered_at)| Tenure { emission, registered_at, immortal: false }).collect()
    }

    #[test]
    fn who_earns_least_goes_and_of_equals_the_oldest() {
        let seats = seats(&[(5, 0), (3, 7), (3, 2), (3, 2), (0, 95)]);
        assert_eq!(seat_to_prune(&seats, 100, 10, 0), Some(2));
        // At the end of its immunity the newest goes.
        assert_eq!(seat_to_prune(&seats, 105, 10, 0), Some(4));
        // Four are past immunity, and more than four must be.
        assert_eq!(seat_to_prune(&seats, 100, 10, 4), Some(4));
        assert_eq!(seat_to_prune(&seats, 100, 10, 3), Some(2));
        assert_eq!(seat_to_prune(&[], 100, 10, 0), None);
    }

    #[test]
    fn the_owners_stay() {
        let mut seats = seats(&[(0, 0), (1, 0), (2, 0)]);
        let immortal = immortal_seats(&[(0, 1), (0, 0)], Some(1), 1);
        assert_eq!(immortal, [1]);
        assert_eq!(immortal_seats(&[(3, 4), (0, 2)], None, 2), [2, 4]);
        assert_eq!(immortal_seats(&[(3, 4), (0, 2)], Some(2), 0), Vec::<u16>::new());
        for uid in immortal {
            seats[usize::from(uid)].immortal = true;
        }
        assert_eq!(seat_to_prune(&seats, 100, 10, 0), Some(0));
        seats[0].immortal = true;
        assert_eq!(seat_to_prune(&seats, 100, 10, 0), Some(2));
    }
}
