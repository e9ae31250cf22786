//! How often somebody may knock: a bucket of tokens per address, before anything is computed for it, and one per
//! hotkey, once a signature says whose it is.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use governor::{
    InsufficientCapacity, NotUntil, Quota, RateLimiter,
    clock::{Clock as _, MonotonicClock},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{
        StateStore,
        keyed::{HashMapStateStore, ShrinkableKeyedStateStore},
    },
};
use primitives::Hotkey;
use protos::{Reason, Refusal};
use tokio::time;

use crate::{config::Limits, regulars::Regulars};

/// Addresses that have a bucket of their own; beyond them, new ones share one.
const MAX_ADDRESSES: usize = 65_536;
/// How often full buckets are forgotten.
const FORGET: Duration = Duration::from_secs(10);
/// What a new connection costs, in requests: a handshake is two signatures.
const CONNECTION_COST: u32 = 4;
/// What a request that proves nothing costs beyond its own, so that guessing dries up ten times as fast.
const FORGERY_COST: u32 = 9;
/// Tokens of a hotkey's bucket per second: a request costs this over the hotkey's own rate.
const UNITS: u32 = 1_000_000;

type Buckets<S> = RateLimiter<<S as StateStore>::Key, S, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// The buckets.
#[derive(Clone)]
pub(crate) struct Throttle(Arc<Inner>);

struct Inner {
    addresses: Buckets<Addresses>,
    hotkeys: Buckets<HashMapStateStore<Hotkey>>,
    regulars: Arc<Mutex<Regulars>>,
    clock: MonotonicClock,
}

/// Whose bucket: an IPv4 address, or the /64 that a host of IPv6 has for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    Address(IpAddr),
    /// Everybody who came when there were too many.
    Crowd,
}

/// Buckets by address. Once there are [`MAX_ADDRESSES`], whoever is new shares one: a flood from everywhere. Those whose bucket
/// isn't full again keep it, and where somebody with a seat was served, one is made for him.
#[derive(Default)]
struct Addresses {
    buckets: HashMapStateStore<Source>,
    regulars: Arc<Mutex<Regulars>>,
}

impl StateStore for Addresses {
    type Key = Source;

    fn measure_and_replace<T, F, E>(&self, source: &Source, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let is_full = {
            let known = self.buckets.lock();
            known.len() >= MAX_ADDRESSES && !known.contains_key(source)
        };
        let is_one_too_many = is_full && !lock(&self.regulars).knows(source);
        self.buckets.measure_and_replace(if is_one_too_many { &Source::Crowd } else { source }, measure)
    }
}

impl ShrinkableKeyedStateStore<Source> for Addresses {
    fn retain_recent(&self, drop_below: Nanos) {
        self.buckets.retain_recent(drop_below);
    }

    fn shrink_to_fit(&self) {
        ShrinkableKeyedStateStore::shrink_to_fit(&self.buckets);
    }

    fn len(&self) -> usize {
        ShrinkableKeyedStateStore::len(&self.buckets)
    }

    fn is_empty(&self) -> bool {
        ShrinkableKeyedStateStore::is_empty(&self.buckets)
    }
}

impl Source {
    pub(crate) fn of(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            address => address,
        })
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Throttle").field("addresses", &self.0.addresses.len()).finish_non_exhaustive()
    }
}

impl Throttle {
    pub(crate) fn new(limits: &Limits) -> Self {
        let clock = MonotonicClock;
        let quota = |per_second: u32, burst: u32| Quota::per_second(positive(per_second)).allow_burst(positive(burst));
        let address = limits.address_requests_per_second;
        let addresses = quota(address, address.saturating_mul(limits.burst_seconds).max(CONNECTION_COST));
        let hotkeys = quota(UNITS, UNITS.saturating_mul(limits.burst_seconds));
        let regulars = Arc::<Mutex<Regulars>>::default();
        let store = Addresses { regulars: regulars.clone(), ..Addresses::default() };
        let addresses = RateLimiter::new(addresses, store, clock.clone());
        let hotkeys = RateLimiter::new(hotkeys, HashMapStateStore::default(), clock.clone());
        Self(Arc::new(Inner { addresses, hotkeys, regulars, clock }))
    }

    /// A request from an address, before it is read.
    pub(crate) fn request(&self, address: IpAddr) -> Result<(), Refusal> {
        self.address(address, 1)
    }

    /// A connection from an address, before its handshake.
    pub(crate) fn connection(&self, address: IpAddr) -> Result<(), Refusal> {
        self.address(address, CONNECTION_COST)
    }

    /// A request from an address turned out to be nobody's.
    pub(crate) fn forgery(&self, address: IpAddr) {
        // Where there is less than that, the bucket is as good as empty.
        let _ = self.address(address, FORGERY_COST);
    }

    /// A request of somebody who has a seat is served.
    pub(crate) fn served(&self, hotkey: Hotkey, address: IpAddr) {
        lock(&self.0.regulars).welcome(hotkey, Source::of(address));
    }

    #[cfg(test)]
    pub(crate) fn is_regular(&self, address: IpAddr) -> bool {
        lock(&self.0.regulars).knows(&Source::of(address))
    }

    /// A request of a hotkey that may send so many per second.
    pub(crate) fn hotkey(&self, hotkey: &Hotkey, per_second: u32) -> Result<(), Refusal> {
        let cost = positive(UNITS.div_ceil(per_second.max(1)));
        self.judge(self.0.hotkeys.check_key_n(hotkey, cost), "too many requests of this signer")
    }

    fn address(&self, address: IpAddr, cost: u32) -> Result<(), Refusal> {
        let verdict = self.0.addresses.check_key_n(&Source::of(address), positive(cost));
        self.judge(verdict, "too many requests from this address")
    }

    fn judge(
        &self,
        verdict: Result<Result<(), NotUntil<std::time::Instant>>, InsufficientCapacity>,
        detail: &'static str,
    ) -> Result<(), Refusal> {
        match verdict {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => {
                let wait = not_until.earliest_possible().duration_since(self.0.clock.now());
                Err(Refusal::retry(Reason::TooManyRequests, detail, wait))
            }
            // A bucket that is smaller than one request: the rate is too low to be one.
            Err(_) => Err(Refusal::new(Reason::TooManyRequests, detail)),
        }
    }

    /// Forget whose bucket is full, until the task is dropped.
    pub(crate) async fn tidy(self) {
        let mut ticks = time::interval(FORGET);
        loop {
            ticks.tick().await;
            self.0.addresses.retain_recent();
            self.0.addresses.shrink_to_fit();
            self.0.hotkeys.retain_recent();
            self.0.hotkeys.shrink_to_fit();
        }
    }
}

fn lock(regulars: &Mutex<Regulars>) -> MutexGuard<'_, Regulars> {
    regulars.lock().unwrap_or_else(PoisonError::into_inner)
}

fn positive(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn limits() -> Limits {
        Limits { address_requests_per_second: 1, burst_seconds: 20, ..Limits::default() }
    }

    fn allowed(mut ask: impl FnMut() -> Result<(), Refusal>) -> usize {
        let mut count = 0;
        while ask().is_ok() {
            count += 1;
            assert!(count < 10_000, "no end");
        }
        count
    }

    #[test]
    fn an_address_has_a_bucket_and_its_neighbour_another() {
        let throttle = Throttle::new(&limits());
        let (one, two) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        assert_eq!(allowed(|| throttle.request(one)), 20);
        let refusal = throttle.request(one).unwrap_err();
        assert_eq!(refusal.reason, Reason::TooManyRequests);
        assert!(refusal.retry_after.is_some_and(|after| after <= Duration::from_secs(1)));
        assert_eq!(allowed(|| throttle.request(two)), 20);
    }

    #[test]
    fn connections_and_forgeries_cost_more() {
        let throttle = Throttle::new(&limits());
        assert_eq!(allowed(|| throttle.connection("192.0.2.1".parse().unwrap())), 5);
        let forger = "192.0.2.2".parse().unwrap();
        let forged = allowed(|| {
            throttle.request(forger)?;
            throttle.forgery(forger);
            Ok(())
        });
        assert_eq!(forged, 2);
    }

    #[test]
    fn a_host_of_ipv6_is_one_address_however_many_it_uses() {
        let same: [IpAddr; 2] = ["2001:db8::1".parse().unwrap(), "2001:db8::ffff:1".parse().unwrap()];
        assert_eq!(Source::of(same[0]), Source::of(same[1]));
        assert_ne!(Source::of(same[0]), Source::of("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(Source::of("::ffff:192.0.2.1".parse().unwrap()), Source::of("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn a_crowd_shares_one_bucket_and_takes_no_regulars_from_him() {
        let throttle = Throttle::new(&limits());
        let (regular, passer) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        // He has no bucket, as after a while in which he asked nothing.
        throttle.served(Hotkey([1; 32]), regular);
        let stranger = |number: u32| IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number));
        (0..MAX_ADDRESSES as u32).for_each(|number| throttle.request(stranger(number)).unwrap());
        let mut late = MAX_ADDRESSES as u32..;
        let crowd = allowed(|| throttle.request(stranger(late.next().unwrap())));
        assert!((20..40).contains(&crowd), "{crowd}: one bucket for all that come late");
        assert!(throttle.request(passer).is_err(), "he is one of them");
        assert!(allowed(|| throttle.request(regular)) >= 20, "his own");
        assert!(throttle.0.addresses.len() <= MAX_ADDRESSES + 2);
    }

    #[test]
    fn a_hotkeys_rate_is_its_own() {
        let throttle = Throttle::new(&Limits { burst_seconds: 2, ..Limits::default() });
        let (slow, fast) = (Hotkey([1; 32]), Hotkey([2; 32]));
        assert_eq!(allowed(|| throttle.hotkey(&slow, 1)), 2);
        let burst = allowed(|| throttle.hotkey(&fast, 50));
        assert!((100..=110).contains(&burst), "{burst}");
    }
}
