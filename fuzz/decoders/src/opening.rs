//! Hidden rows as a miner shows them, and the request for them.

use primitives::Digest;
use protos::{HiddenRow, MAX_OPENED_ROWS, OpenRequest, decode_openings, encode_openings};
use scoring::proof::{Opening, RowTree, Rows, distance_ppm};

const POSITIONS: [u32; 2] = [0, 3];

/// Decoded, and held against a root. Whether it is a request for rows, or an answer to one.
pub fn opening(bytes: &[u8]) -> bool {
    let asked = OpenRequest::decode(bytes);
    if let Ok(asked) = &asked {
        assert!((1..=MAX_OPENED_ROWS).contains(&asked.positions.len()));
        let again = asked.encode().expect("what was decoded is within the limits");
        assert_eq!(OpenRequest::decode(&again).expect("its own form"), *asked);
    }
    let Ok(rows) = decode_openings(bytes, &POSITIONS) else { return asked.is_ok() };
    assert_eq!(rows.len(), POSITIONS.len());
    let again = encode_openings(rows.clone()).expect("what was decoded is within the limits");
    assert_eq!(decode_openings(&again, &POSITIONS).expect("its own form"), rows);
    let (own, tree) = own();
    for HiddenRow { position, row, path } in rows {
        let _ = distance_ppm(&row, own.row(position as usize).expect("asked for"));
        let known = tree.open(&own, position).expect("there");
        let opening = Opening { position, row, path };
        assert!(!opening.belongs_to(&Digest([1; 32]), 5));
        assert_eq!(opening.belongs_to(&tree.root(), 5), opening == known, "rows are bound");
    }
    true
}

fn own() -> (Rows, RowTree) {
    let own = Rows::new(4, (0..20).collect()).expect("whole rows");
    let tree = RowTree::new(&own).expect("rows");
    (own, tree)
}

/// The answer of a miner that has those rows.
pub fn honest() -> Vec<u8> {
    let (own, tree) = own();
    let shown = POSITIONS.map(|position| {
        let Opening { position, row, path } = tree.open(&own, position).expect("there");
        HiddenRow { position, row, path }
    });
    encode_openings(shown.to_vec()).expect("two rows")
}
