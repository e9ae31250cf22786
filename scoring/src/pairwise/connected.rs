//! Whether comparisons tell all strengths apart (Ford, "Solution of a ranking problem from binary comparisons",
//! American Mathematical Monthly 64, 1957).

use ndarray::ArrayView2;

/// Those who never lost to any of the others, where there are such: then they are endlessly stronger, as far as anybody
/// can tell. None where every one can be reached from every other by a chain of wins.
pub(super) fn unbeaten(wins: ArrayView2<f64>) -> Option<Vec<usize>> {
    let count = wins.nrows();
    let above = |is_above: &dyn Fn(usize) -> bool| -> Option<Vec<usize>> {
        let above: Vec<usize> = (0..count).filter(|&at| is_above(at)).collect();
        (!above.is_empty() && above.len() < count).then_some(above)
    };
    // Whom the first one's chains of wins don't reach never lost to one whom they do.
    let below = reached(count, |from, to| wins[[from, to]] > 0.0);
    let over = reached(count, |from, to| wins[[to, from]] > 0.0);
    above(&|at| !below[at]).or_else(|| above(&|at| over[at]))
}

/// Whom chains from the first one reach.
fn reached(count: usize, is_step: impl Fn(usize, usize) -> bool) -> Vec<bool> {
    let mut is_reached = vec![false; count];
    let mut waiting: Vec<usize> = (0..count.min(1)).collect();
    while let Some(from) = waiting.pop() {
        if !std::mem::replace(&mut is_reached[from], true) {
            waiting.extend((0..count).filter(|&to| !is_reached[to] && is_step(from, to)));
        }
    }
    is_reached
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_unbeaten_are_named() {
        assert_eq!(unbeaten(array![[0.0]].view()), None);
        assert_eq!(unbeaten(array![[0.0, 1.0], [1.0, 0.0]].view()), None);
        assert_eq!(unbeaten(array![[0.0, 1.0], [0.0, 0.0]].view()), Some(vec![0]));
        assert_eq!(unbeaten(array![[0.0, 0.0], [1.0, 0.0]].view()), Some(vec![1]));
        // Two that never met.
        assert_eq!(unbeaten(array![[0.0, 0.0], [0.0, 0.0]].view()), Some(vec![1]));
        // A ring, and one outside who beats some of it.
        let mut ring = Array2::zeros((4, 4));
        (0..3).for_each(|at| ring[[at, (at + 1) % 3]] = 0.5);
        ring[[3, 1]] = 1.0;
        assert_eq!(unbeaten(ring.view()), Some(vec![3]));
        ring[[2, 3]] = 1e-9;
        assert_eq!(unbeaten(ring.view()), None);
    }

    proptest! {
        #[test]
        fn it_is_fords_condition(wins in prop::collection::vec(prop::bool::weighted(0.3), 25)) {
            let wins = Array2::from_shape_fn((5, 5), |(a, b)| f64::from(u8::from(a != b && wins[5 * a + b])));
            // Every way to part them, in which nobody of the rest beats anybody of the part.
            let never_lost = |part: u32| {
                let is_in = |at: usize| part >> at & 1 == 1;
                (0..5).all(|a| (0..5).all(|b| is_in(a) || !is_in(b) || wins[[a, b]] == 0.0))
            };
            let is_separated = (1..31).any(never_lost);
            let found = unbeaten(wins.view());
            prop_assert_eq!(found.is_some(), is_separated);
            if let Some(found) = found {
                prop_assert!(never_lost(found.iter().map(|at| 1 << at).sum()));
            }
        }
    }
}
