//! Who belongs together, by who is like whom.

/// For each of `count`, the least of those that it is joined with by any chain of pairs, itself included. A chain joins
/// ends that aren't alike, so ask for much likeness. Pairs with one that isn't there say nothing.
pub fn clusters(count: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut parents: Vec<usize> = (0..count).collect();
    for (a, b) in pairs.into_iter().filter(|&(a, b)| a < count && b < count) {
        let (a, b) = (root(&mut parents, a), root(&mut parents, b));
        // The lesser stays, so that a root names its cluster.
        parents[a.max(b)] = a.min(b);
    }
    (0..count).map(|at| root(&mut parents, at)).collect()
}

/// The root of a tree, with the way to it halved.
fn root(parents: &mut [usize], mut at: usize) -> usize {
    while parents[at] != at {
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn chains_join() {
        assert!(clusters(0, [(0, 0)]).is_empty());
        assert_eq!(clusters(3, []), [0, 1, 2]);
        assert_eq!(clusters(6, [(5, 4), (2, 3), (4, 2), (1, 1), (0, 9), (usize::MAX, 1)]), [0, 1, 2, 2, 2, 2]);
        let long = 200_000;
        assert_eq!(clusters(long, (1..long).rev().map(|at| (at - 1, at))), vec![0; long]);
    }

    proptest! {
        #[test]
        fn they_are_the_closure_of_the_pairs(mut pairs in prop::collection::vec((0..12_usize, 0..12_usize), 0..14)) {
            let found = clusters(12, pairs.iter().copied());
            // Spread along the pairs until nothing changes.
            let mut least: Vec<usize> = (0..12).collect();
            for _ in 0..12 {
                for &(a, b) in &pairs {
                    let low = least[a].min(least[b]);
                    (least[a], least[b]) = (low, low);
                }
            }
            prop_assert_eq!(&found, &least);
            pairs.reverse();
            prop_assert_eq!(clusters(12, pairs.iter().map(|&(a, b)| (b, a))), found);
        }
    }
}
