//! Which numbers of a chunk are its largest.
//!
//! In bf16 many numbers are equal, and which of those that tie for the last place are taken shows in a commitment's bytes.
//! The reference leaves it to PyTorch's `topk`, that to C++'s `partial_sort` for long inputs and to `nth_element` for short
//! ones, and they to their implementation: GNU's, in the wheels. So elements are moved here as it moves them.

use super::commitment::POINTS;

/// Inputs of so many times [`POINTS`] are long.
const LONG: usize = 64;

/// A number without its sign, and where it is. Of finite numbers in bf16, the larger one has the larger bits.
type Entry = (u16, u32);

fn magnitude(bits: u16) -> u16 {
    bits & 0x7FFF
}

fn larger(left: Entry, right: Entry) -> bool {
    left.0 > right.0
}

/// The places of the [`POINTS`] numbers of largest magnitude, in no particular order; all places where there are fewer
/// numbers. None where there are more numbers than places.
pub(super) fn largest(values: &[u16]) -> Option<Vec<u32>> {
    let count = u32::try_from(values.len()).ok()?;
    if values.len() <= POINTS {
        return Some((0..count).collect());
    }
    let mut entries = (0..count).zip(values).map(|(place, &bits)| (magnitude(bits), place));
    let mut chosen: Vec<Entry>;
    if values.len() >= LONG * POINTS {
        chosen = entries.by_ref().take(POINTS).collect();
        scan(&mut chosen, values);
    } else {
        chosen = entries.collect();
        select(&mut chosen, POINTS);
        chosen.truncate(POINTS);
    }
    Some(chosen.into_iter().map(|(_, place)| place).collect())
}

/// Offers what follows the first [`POINTS`] numbers, which `heap` holds.
fn scan(heap: &mut [Entry], values: &[u16]) {
    /// Numbers that are passed over together where none of them is large enough: nearly always.
    const BLOCK: usize = 64;
    heapify(heap);
    let mut place = 0;
    for block in values.chunks(BLOCK) {
        // As signed numbers, since the oldest vector instructions have a maximum of those only.
        let most = block.iter().fold(0, |most: i16, &bits| most.max(magnitude(bits).cast_signed()));
        if most.cast_unsigned() > heap[0].0 {
            for (place, &bits) in (place..).zip(block).filter(|(place, _)| *place >= POINTS as u32) {
                offer(heap, (magnitude(bits), place));
            }
        }
        place += BLOCK as u32;
    }
}

/// Moves the `count` largest to the front. Quickselect with the median of three, which gives up after too many rounds for a
/// heap.
fn select(entries: &mut [Entry], count: usize) {
    let (mut first, mut last) = (0, entries.len());
    let mut rounds = 2 * entries.len().checked_ilog2().unwrap_or(0);
    while last - first > 3 {
        if rounds == 0 {
            let (heap, rest) = entries[first..last].split_at_mut(count - first);
            heapify(heap);
            return rest.iter().for_each(|&entry| offer(heap, entry));
        }
        rounds -= 1;
        let cut = first + partition(&mut entries[first..last]);
        if cut < count {
            first = cut;
        } else {
            last = cut;
        }
    }
    insertion_sort(&mut entries[first..last]);
}

/// Puts the median of three to the front and divides the rest by it: where the smaller ones begin. Neither search leaves the
/// slice: of the three there is one on each side.
fn partition(entries: &mut [Entry]) -> usize {
    let end = entries.len() - 1;
    entries.swap(0, median(entries, 1, entries.len() / 2, end));
    let pivot = entries[0];
    let (mut low, mut high) = (1, entries.len());
    loop {
        while larger(entries[low], pivot) {
            low += 1;
        }
        high -= 1;
        while larger(pivot, entries[high]) {
            high -= 1;
        }
        if low >= high {
            return low;
        }
        entries.swap(low, high);
        low += 1;
    }
}

/// Which of three is between the others.
fn median(entries: &[Entry], a: usize, b: usize, c: usize) -> usize {
    let before = |left: usize, right: usize| larger(entries[left], entries[right]);
    match (before(a, b), before(b, c), before(a, c)) {
        (true, true, _) | (false, false, false) => b,
        (true, false, true) | (false, true, false) => c,
        (true, false, false) | (false, _, true) => a,
    }
}

fn insertion_sort(entries: &mut [Entry]) {
    for end in 1..entries.len() {
        let mut hole = end;
        while hole > 0 && larger(entries[hole], entries[hole - 1]) {
            entries.swap(hole, hole - 1);
            hole -= 1;
        }
    }
}

/// Orders entries as a heap with the smallest one in front.
fn heapify(heap: &mut [Entry]) {
    for hole in (0..heap.len() / 2).rev() {
        sift(heap, hole, heap[hole]);
    }
}

/// Puts an entry in the place of the smallest one, if it is larger.
fn offer(heap: &mut [Entry], entry: Entry) {
    if larger(entry, heap[0]) {
        sift(heap, 0, entry);
    }
}

/// Fills a hole with an entry: the hole sinks to the bottom, and the entry rises from there.
fn sift(heap: &mut [Entry], top: usize, entry: Entry) {
    let mut hole = top;
    loop {
        let (left, right) = (2 * hole + 1, 2 * hole + 2);
        let child = match (heap.get(left), heap.get(right)) {
            (Some(&l), Some(&r)) if larger(r, l) => left,
            (_, Some(_)) => right,
            (Some(_), None) => left,
            (None, None) => break,
        };
        heap[hole] = heap[child];
        hole = child;
    }
    while hole > top && larger(heap[(hole - 1) / 2], entry) {
        heap[hole] = heap[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap[hole] = entry;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn few_distinct() -> impl Strategy<Value = Vec<u16>> {
        let lengths = prop_oneof![0..300usize, 8_000..8_400usize];
        (1u16..200, lengths).prop_flat_map(|(distinct, length)| {
            let number = (0..distinct, any::<bool>()).prop_map(|(step, sign)| 0x3F80 + step + (u16::from(sign) << 15));
            proptest::collection::vec(number, length)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_chosen_is_as_large_as_anything_else(values in few_distinct()) {
            let mut chosen = largest(&values).unwrap();
            chosen.sort_unstable();
            chosen.dedup();
            prop_assert_eq!(chosen.len(), values.len().min(POINTS));
            let mut sorted: Vec<u16> = values.iter().map(|&bits| magnitude(bits)).collect();
            sorted.sort_unstable_by(|left, right| right.cmp(left));
            let mut magnitudes: Vec<u16> = chosen.iter().map(|&place| magnitude(values[place as usize])).collect();
            magnitudes.sort_unstable_by(|left, right| right.cmp(left));
            prop_assert_eq!(&magnitudes[..], &sorted[..chosen.len()]);
        }
    }
}
