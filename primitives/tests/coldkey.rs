//! The real derivation of a coldkey's key: seconds and 512 MiB. One test in a program of its own, so that no other runs
//! beside it.

use std::{fs, path::Path};

use assay_primitives::wallet::{Secret, Wallet, WalletError, is_encrypted, read_key, read_secret};
use serde_json::Value;

/// Made and checked by other implementations of the format.
const VECTOR: &str = include_str!("fixtures/keyfile.json");

#[test]
fn opens_what_others_sealed_and_seals_what_others_open() {
    let vector: Value = serde_json::from_str(VECTOR).unwrap();
    let text = |name: &str| vector[name].as_str().unwrap();
    let address = vector["plaintext_json"]["ss58Address"].as_str().unwrap();
    let root = tempfile::tempdir().unwrap();
    let theirs = Wallet::new(root.path(), "theirs").unwrap();
    fs::create_dir(root.path().join("theirs")).unwrap();
    fs::write(theirs.coldkey_path(), hex::decode(text("encrypted_hex")).unwrap()).unwrap();
    assert!(matches!(read_key(&theirs.coldkey_path()), Err(WalletError::Encrypted(_))));

    // The same secret, saved anew under another password.
    let bytes = fs::read(theirs.coldkey_path()).unwrap();
    assert!(is_encrypted(&bytes));
    let secret: Secret = read_secret(Path::new("theirs"), &bytes, Some(text("password"))).unwrap();
    assert_eq!(*secret.phrase().unwrap(), text("mnemonic"));
    let ours = Wallet::new(root.path(), "ours").unwrap();
    ours.save_coldkey(&secret, "another password").unwrap();
    assert_eq!(ours.coldkeypub().unwrap().to_string(), address);
    assert_eq!(ours.coldkey("another password").unwrap().keypair.coldkey().to_string(), address);
}
