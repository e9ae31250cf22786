//! Counts of numbers in buckets that grow with the numbers.

/// Bits of a number that its bucket keeps below the leading one.
const BITS: u32 = 4;
/// Numbers are at most so great: greater ones count as this.
const MOST: u64 = (1 << 36) - 1;

/// How often which numbers were seen, in buckets an eighth to a sixteenth as wide as they are far from 0. A number that is
/// read from it is at most 1/32 off, and exact below 16. Buckets that hold nothing take no room, and there are at most 528.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(Vec<Bucket>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bucket {
    place: u16,
    /// Stops at its greatest.
    count: u16,
}

impl Histogram {
    /// So many buckets at most, whatever is counted.
    pub const MAX_BUCKETS: usize = place(MOST) as usize + 1;
    /// Bytes of a bucket that holds something.
    pub const BUCKET_BYTES: usize = size_of::<Bucket>();

    /// One more of a number.
    pub fn count(&mut self, number: u64) {
        let place = place(number.min(MOST));
        match self.0.binary_search_by_key(&place, |bucket| bucket.place) {
            Ok(at) => self.0[at].count = self.0[at].count.saturating_add(1),
            Err(at) => self.0.insert(at, Bucket { place, count: 1 }),
        }
    }

    /// How many buckets hold something.
    pub fn buckets(&self) -> usize {
        self.0.len()
    }
}

/// Sums of histograms.
pub(super) struct Sum {
    counts: Vec<u64>,
    total: u64,
}

impl Sum {
    /// Of these.
    pub fn of<'a>(histograms: impl IntoIterator<Item = &'a Histogram>) -> Self {
        let mut sum = Self { counts: vec![0; Histogram::MAX_BUCKETS], total: 0 };
        for Bucket { place, count } in histograms.into_iter().flat_map(|histogram| &histogram.0) {
            sum.counts[usize::from(*place)] += u64::from(*count);
            sum.total += u64::from(*count);
        }
        sum
    }

    /// The least number that at least so many percent of the numbers don't exceed; none where there are none.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.total * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        found.map(middle)
    }
}

/// The bucket of a number: the place of its leading bit, and the bits below that.
const fn place(number: u64) -> u16 {
    if number < 1 << BITS {
        return number as u16;
    }
    let shift = number.ilog2() - BITS;
    (((shift + 1) << BITS) as u64 + ((number >> shift) & ((1 << BITS) - 1))) as u16
}

/// The middle of a bucket.
fn middle(place: usize) -> u64 {
    let place = place as u64;
    let Some(shift) = (place >> BITS).checked_sub(1) else { return place };
    let least = ((1 << BITS) + (place & ((1 << BITS) - 1))) << shift;
    least + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same by sorting.
    fn exact(numbers: &[u64], percent: usize) -> Option<u64> {
        let mut sorted = numbers.to_vec();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }

    /// Numbers of every size.
    fn numbers() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::vec((0u32..36, any::<u64>()).prop_map(|(bits, random)| random & ((1 << bits) - 1)), 0..300)
    }

    proptest! {
        #[test]
        fn percentiles_are_close(parts in prop::collection::vec(numbers(), 1..4), percent in 1usize..=100) {
            let histograms: Vec<Histogram> = parts.iter().map(|numbers| {
                let mut histogram = Histogram::default();
                numbers.iter().for_each(|number| histogram.count(*number));
                histogram
            }).collect();
            let found = Sum::of(&histograms).percentile(percent as u64);
            let exact = exact(&parts.concat(), percent);
            prop_assert_eq!(found.is_some(), exact.is_some());
            if let (Some(found), Some(exact)) = (found, exact) {
                prop_assert!(found.abs_diff(exact) * 32 <= exact, "{} for {}", found, exact);
            }
        }

        #[test]
        fn greater_numbers_are_not_in_lesser_buckets(a in 0..=MOST, b in 0..=MOST) {
            prop_assert_eq!(place(a.min(b)).cmp(&place(a.max(b))).is_le(), true);
            prop_assert_eq!(place(middle(usize::from(place(a)))), place(a));
        }
    }

    #[test]
    fn its_size_is_bounded() {
        let mut histogram = Histogram::default();
        for power in 4..64 {
            for step in 0..16 {
                histogram.count((1u64 << power) + (1u64 << power) / 16 * step);
            }
        }
        for small in 0..16 {
            histogram.count(small);
        }
        histogram.count(u64::MAX);
        assert_eq!((histogram.buckets(), Histogram::MAX_BUCKETS), (528, 528));
        assert_eq!(Sum::of([&histogram]).percentile(100).map(|most| most >> 31), Some(31));
        let mut busy = Histogram::default();
        for _ in 0..70_000 {
            busy.count(7);
        }
        assert_eq!(Sum::of([&busy]).percentile(50), Some(7));
    }
}
