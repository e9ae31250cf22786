//! Hidden rows as a miner shows them, and the request for them: decoded, and held against a root.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run opening -- -max_total_time=600 -malloc_limit_mb=16`
#![no_main]

use assay_primitives::Digest;
use assay_protos::{HiddenRow, OpenRequest, decode_openings, encode_openings};
use assay_scoring::proof::{Opening, RowTree, Rows, distance_ppm};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(asked) = OpenRequest::decode(bytes) {
        let again = asked.encode().expect("what was decoded is within the limits");
        assert_eq!(OpenRequest::decode(&again).expect("its own form"), asked);
    }
    let positions = [0, 3];
    let Ok(rows) = decode_openings(bytes, &positions) else { return };
    assert!(rows.len() == positions.len() && encode_openings(rows.clone()).is_ok());
    let own = Rows::new(4, (0..20).collect()).expect("whole rows");
    let tree = RowTree::new(&own).expect("rows");
    for HiddenRow { position, row, path } in rows {
        let _ = distance_ppm(&row, own.row(position as usize).expect("asked for"));
        let known = tree.open(&own, position).expect("there");
        let opening = Opening { position, row, path };
        assert!(!opening.belongs_to(&Digest([1; 32]), 5));
        assert_eq!(opening.belongs_to(&tree.root(), 5), opening == known, "rows are bound");
    }
});
