//! Who is connected: so many at once, and so many from one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts of connections.
#[derive(Clone, Debug)]
pub(crate) struct Visitors(Arc<Mutex<Counts>>);

#[derive(Debug)]
struct Counts {
    free: usize,
    per_address: usize,
    of: HashMap<IpAddr, usize>,
}

/// One connection. Dropping it makes room for another.
#[derive(Debug)]
pub(crate) struct Visit {
    visitors: Visitors,
    address: IpAddr,
}

impl Visitors {
    /// Room for so many, of which so many may be from one address. Loopback is many people: a reverse proxy comes from there.
    pub fn new(most: usize, per_address: usize) -> Self {
        Self(Arc::new(Mutex::new(Counts { free: most, per_address, of: HashMap::new() })))
    }

    /// One more, if there is room.
    pub fn enter(&self, address: IpAddr) -> Option<Visit> {
        let address = address.to_canonical();
        let mut counts = self.lock();
        let here = counts.of.get(&address).copied().unwrap_or(0);
        if counts.free == 0 || (here >= counts.per_address && !address.is_loopback()) {
            return None;
        }
        counts.free -= 1;
        counts.of.insert(address, here + 1);
        Some(Visit { visitors: self.clone(), address })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut counts = self.visitors.lock();
        counts.free += 1;
        if let Some(here) = counts.of.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                counts.of.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_does_not_fill_the_room() {
        let visitors = Visitors::new(4, 2);
        let (one, other): (IpAddr, IpAddr) = ([192, 0, 2, 1].into(), "::ffff:192.0.2.1".parse().unwrap());
        let held = [visitors.enter(one), visitors.enter(other)];
        assert!(held.iter().all(Option::is_some) && visitors.enter(one).is_none());
        let loopback: Vec<_> = (0..3).map(|_| visitors.enter([127, 0, 0, 1].into())).collect();
        assert_eq!(loopback.iter().filter(|visit| visit.is_some()).count(), 2, "the room is full");
        drop(held);
        assert!(visitors.enter(one).is_some());
        drop(loopback);
        assert!(visitors.lock().of.is_empty() && visitors.lock().free == 4);
    }
}
