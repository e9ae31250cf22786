//! A Merkle tree over the hidden rows of an answer.
//!
//! A leaf is `derive(ROW, position ‖ row)`, a node `derive(NODE, left ‖ right)`; a last one without a partner goes up as
//! it is. The root is `derive(ROOT, rows ‖ width ‖ top)`, numbers as u32, all little-endian.

use primitives::Digest;

use super::Rows;

const ROW: &str = "assay 2026-11 hidden row v1";
const NODE: &str = "assay 2026-11 hidden rows node v1";
const ROOT: &str = "assay 2026-11 hidden rows root v1";

/// The longest path from a row to a root: a tree has less than 2^32 rows.
pub const MAX_PATH: usize = 32;

/// The tree of an answer's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowTree {
    /// Leaves first, the top last.
    levels: Vec<Vec<Digest>>,
    root: Digest,
}

/// One row, and what leads from it to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Which row, from 0.
    pub position: u32,
    /// Its numbers.
    pub row: Vec<u16>,
    /// The other halves on the way up, the lowest first.
    pub path: Vec<Digest>,
}

impl RowTree {
    /// The tree of some rows; none of no rows.
    pub fn new(rows: &Rows) -> Option<Self> {
        let count = u32::try_from(rows.len()).ok()?;
        let rows_of = rows.values().chunks_exact(rows.width());
        let mut level: Vec<Digest> = (0..count).zip(rows_of).map(|(position, row)| leaf(position, row)).collect();
        let mut levels = Vec::new();
        while level.len() > 1 {
            let above = level.chunks(2).map(|pair| match pair {
                [left, right] => node(left, right),
                _ => pair[0],
            });
            let above = above.collect();
            levels.push(std::mem::replace(&mut level, above));
        }
        let top = *level.first()?;
        levels.push(level);
        Some(Self { levels, root: root(count, rows.width(), &top) })
    }

    /// Names all rows, how many they are and how wide.
    pub fn root(&self) -> Digest {
        self.root
    }

    /// A row of `rows`, which the tree was made of, with its path; none where there is no such row.
    pub fn open(&self, rows: &Rows, position: u32) -> Option<Opening> {
        let mut index = usize::try_from(position).ok()?;
        let row = rows.row(index)?.to_vec();
        let mut path = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            path.extend(level.get(index ^ 1).filter(|_| level.len() > 1));
            index /= 2;
        }
        Some(Opening { position, row, path })
    }
}

impl Opening {
    /// Whether the row is the one that `root` names, among so many rows.
    pub fn belongs_to(&self, root_named: &Digest, rows: u32) -> bool {
        if self.position >= rows || self.path.len() > MAX_PATH {
            return false;
        }
        let mut path = self.path.iter();
        let (mut index, mut level) = (self.position, rows);
        let mut top = leaf(self.position, &self.row);
        while level > 1 {
            if index ^ 1 < level {
                let Some(other) = path.next() else { return false };
                top = if index & 1 == 0 { node(&top, other) } else { node(other, &top) };
            }
            (index, level) = (index / 2, level.div_ceil(2));
        }
        path.next().is_none() && root(rows, self.row.len(), &top) == *root_named
    }
}

fn leaf(position: u32, row: &[u16]) -> Digest {
    let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
    Digest::derive(ROW, &[&position.to_le_bytes(), &bytes])
}

fn node(left: &Digest, right: &Digest) -> Digest {
    Digest::derive(NODE, &[&left.0, &right.0])
}

fn root(rows: u32, width: usize, top: &Digest) -> Digest {
    // Widths beyond 32 bits don't exist; if they did, none would fit a root.
    let width = u32::try_from(width).unwrap_or(u32::MAX);
    Digest::derive(ROOT, &[&rows.to_le_bytes(), &width.to_le_bytes(), &top.0])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(count: usize, width: usize) -> Rows {
        Rows::new(width, (0..count * width).map(|value| value as u16).collect()).unwrap()
    }

    #[test]
    fn every_row_opens_and_nothing_else() {
        assert_eq!(RowTree::new(&rows(0, 3)), None);
        for count in 1..40 {
            let rows = rows(count, 3);
            let tree = RowTree::new(&rows).unwrap();
            let count = count as u32;
            for position in 0..count {
                let opening = tree.open(&rows, position).unwrap();
                assert!(opening.belongs_to(&tree.root(), count), "{position} of {count}");
                assert!(!opening.belongs_to(&tree.root(), count + 1));
                assert!(!opening.belongs_to(&Digest::of(b"another"), count));
                let mut other = opening.clone();
                other.row[1] ^= 1;
                assert!(!other.belongs_to(&tree.root(), count));
                let moved = Opening { position: (position + 1) % count, ..opening.clone() };
                assert!(count == 1 || !moved.belongs_to(&tree.root(), count));
                let mut longer = opening.clone();
                longer.path.push(tree.root());
                assert!(!longer.belongs_to(&tree.root(), count));
            }
            assert_eq!(tree.open(&rows, count), None);
        }
    }

    #[test]
    fn rows_of_another_shape_have_another_root() {
        let (flat, tall) = (rows(2, 6), rows(6, 2));
        assert_eq!(flat.values(), tall.values());
        assert_ne!(RowTree::new(&flat).unwrap().root(), RowTree::new(&tall).unwrap().root());
    }

    proptest! {
        #[test]
        fn any_opening_is_answered_with_yes_or_no(
            position: u32, rows: u32, row in proptest::collection::vec(any::<u16>(), 0..9),
            path in proptest::collection::vec(any::<[u8; 32]>(), 0..40), root: [u8; 32],
        ) {
            let opening = Opening { position, row, path: path.into_iter().map(Digest).collect() };
            prop_assert!(!opening.belongs_to(&Digest(root), rows));
        }
    }
}
