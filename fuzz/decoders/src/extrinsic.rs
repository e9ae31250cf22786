//! Transactions as they come over the wire: decoded, checked and, if they pass, put into a block.

use localnet::Rejected;

use crate::node::NODE;

/// Submitted. Whether it is well formed: signed by somebody, however little that is worth.
pub fn extrinsic(bytes: &[u8]) -> bool {
    match NODE.chain.submit(bytes.to_vec()) {
        Err(Rejected::Panicked(panicked)) => panic!("{panicked}"),
        Err(Rejected::Format(_)) => false,
        Err(_) => true,
        Ok(_) => {
            NODE.chain.author_block().expect("a block");
            true
        }
    }
}

/// The transaction by which a block says what time it is: well formed, and nobody else's to send.
pub fn inherent() -> Vec<u8> {
    NODE.chain.author_block().expect("a block");
    let request = r#"{"jsonrpc":"2.0","id":1,"method":"chain_getBlock","params":[]}"#;
    let answer = NODE.runtime.block_on(NODE.chain.answer(request)).expect("a request");
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    let inherent = answer["result"]["block"]["extrinsics"][0].as_str().expect("every block has one");
    hex::decode(inherent.trim_start_matches("0x")).expect("hex")
}
