//! Wallet files, secrets as people write them, and addresses.

use std::{fs, path::Path};

use primitives::{
    Coldkey, Hotkey, Keypair, Signature,
    wallet::{self, Wallet, WalletError, read_secret},
};

/// Bytes of a file: a key, or its public half; and its text as a secret, an address or a signature. Whether it is any of
/// them. What is encrypted is told from what isn't, and opened by no password: that takes half a gigabyte.
pub fn wallet(bytes: &[u8]) -> bool {
    key(bytes) | public_half(bytes) | std::str::from_utf8(bytes).is_ok_and(text)
}

fn key(bytes: &[u8]) -> bool {
    let read = read_secret(Path::new("key"), bytes, None);
    assert_eq!(wallet::is_encrypted(bytes), matches!(read, Err(WalletError::Encrypted(_))));
    let Ok(secret) = read else {
        let said = read.map(drop).expect_err("no secret").to_string();
        assert!(said.len() < 200, "an error doesn't quote the file: {said}");
        return false;
    };
    // What a wallet keeps of it is the same key.
    let keypair = secret.keypair().expect("it was checked");
    let folder = tempfile::tempdir().expect("a folder");
    let wallet = Wallet::new(folder.path(), "w").expect("a plain name");
    let saved = wallet.save_hotkey("h", &secret).expect("nothing is there");
    assert_eq!(saved.keypair.public(), keypair.public());
    assert_eq!(wallet.hotkey("h").expect("just written").keypair.public(), keypair.public());
    true
}

fn public_half(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let wallet = Wallet::new(folder.path(), "w").expect("a plain name");
    let path = wallet.coldkeypub_path();
    fs::create_dir_all(path.parent().expect("the wallet's")).expect("a folder");
    fs::write(&path, bytes).expect("a file");
    let Ok(coldkey) = wallet.coldkeypub() else { return false };
    assert_eq!(coldkey.to_string().parse::<Coldkey>(), Ok(coldkey));
    true
}

fn text(text: &str) -> bool {
    let address = text.parse::<Hotkey>();
    if let Ok(address) = address {
        assert_eq!(address.to_string(), text, "one form only");
    }
    let signature = text.parse::<Signature>();
    if let Ok(signature) = &signature {
        assert_eq!(signature.to_string().trim_start_matches("0x"), text.trim_start_matches("0x").to_lowercase());
    }
    let keypair = Keypair::from_uri(text);
    if let Err(error) = &keypair {
        assert!(error.to_string().len() < 100, "an error doesn't quote the secret: {error}");
    }
    address.is_ok() || signature.is_ok() || keypair.is_ok()
}
