use std::fs;

use serde_json::Value;

use super::*;

/// Made and checked by other implementations of the format.
const VECTOR: &str = include_str!("../../tests/fixtures/keyfile.json");
const ADDRESS: &str = "5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV";

fn vector() -> Value {
    serde_json::from_str(VECTOR).unwrap()
}

fn field(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

fn wallet() -> (tempfile::TempDir, Wallet) {
    let root = tempfile::tempdir().unwrap();
    let wallet = Wallet::new(root.path(), "default").unwrap();
    (root, wallet)
}

fn put(wallet: &Wallet, name: &str, bytes: &[u8]) -> PathBuf {
    let path = wallet.hotkey_path(name).unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn reads_every_plain_form() {
    let (_root, wallet) = wallet();
    let plain = &vector()["plaintext_json"];
    let (seed, phrase) = (field(plain, "secretSeed"), field(plain, "secretPhrase"));
    let old_name = serde_json::json!({ " ss58Address": ADDRESS, "secretSeed": seed }).to_string();
    let newer = {
        let mut newer = plain.clone();
        newer["accountType"] = "hotkey".into();
        newer["hashedDescriptor"] = Value::Null;
        newer.to_string()
    };
    let forms = [
        plain.to_string(),
        serde_json::to_string_pretty(plain).unwrap(),
        newer,
        old_name,
        format!("{seed}\n"),
        seed.trim_start_matches("0x").to_owned(),
        format!("{phrase}\n"),
        serde_json::json!({ "secretPhrase": phrase, "secretSeed": null }).to_string(),
    ];
    for (at, form) in forms.iter().enumerate() {
        let name = format!("form{at}");
        put(&wallet, &name, form.as_bytes());
        assert_eq!(wallet.hotkey(&name).unwrap().keypair.hotkey().to_string(), ADDRESS, "form {at}");
    }
    assert_eq!(wallet.hotkeys().unwrap().len(), forms.len());
}

#[test]
fn reads_public_halves() {
    let (root, wallet) = wallet();
    fs::create_dir_all(root.path().join("default")).unwrap();
    let public = field(&vector()["plaintext_json"], "publicKey");
    let forms = [
        serde_json::json!({ "accountId": public, "publicKey": public, "ss58Address": ADDRESS }).to_string(),
        serde_json::json!({ "ss58Address": ADDRESS }).to_string(),
        format!("{ADDRESS}\n"),
    ];
    for form in forms {
        fs::write(wallet.coldkeypub_path(), form).unwrap();
        assert_eq!(wallet.coldkeypub().unwrap().to_string(), ADDRESS);
    }
}

#[test]
fn writes_what_the_others_write() {
    let (_root, wallet) = wallet();
    let vector = vector();
    let secret = Secret::from_phrase(&field(&vector, "mnemonic")).unwrap();
    let created = wallet.save_hotkey("h", &secret).unwrap();
    let written: Value = serde_json::from_slice(&fs::read(&created.path).unwrap()).unwrap();
    assert_eq!(written, vector["plaintext_json"]);
}

/// The only test that pays for the real derivation: seconds and 512 MiB.
#[test]
fn opens_a_coldkey_that_another_implementation_sealed() {
    let (root, wallet) = wallet();
    let vector = vector();
    fs::create_dir_all(root.path().join("default")).unwrap();
    fs::write(wallet.coldkey_path(), hex::decode(field(&vector, "encrypted_hex")).unwrap()).unwrap();
    assert!(matches!(read_key(&wallet.coldkey_path()), Err(WalletError::Encrypted(_))));
    let loaded = wallet.coldkey(&field(&vector, "password")).unwrap();
    assert_eq!(loaded.keypair.coldkey().to_string(), ADDRESS);
}

#[test]
fn sealed_files_open_with_their_key_only() {
    let (_root, wallet) = wallet();
    let derived = field(&vector()["argon2i"], "derived_key_hex");
    let mut key = sealed::Key::default();
    hex::decode_to_slice(derived, key.as_mut()).unwrap();
    let created = wallet.save_coldkey(&Secret::generate(), &key).unwrap();
    assert_eq!(wallet.coldkeypub().unwrap(), created.keypair.coldkey());
    let public = fs::read_to_string(wallet.coldkeypub_path()).unwrap();
    assert!(!public.contains("secret") && !public.contains("private"));

    let mut sealed = fs::read(wallet.coldkey_path()).unwrap();
    let plain = sealed::open(&key, &sealed).unwrap();
    let keypair = load(&wallet.coldkey_path(), &plain, None).unwrap().keypair;
    assert_eq!(keypair.coldkey(), created.keypair.coldkey());
    assert!(sealed::open(&sealed::Key::default(), &sealed).is_none());
    for length in [0, 5, 20, 29, 45, sealed.len() - 1] {
        assert!(sealed::open(&key, &sealed[..length]).is_none());
    }
    *sealed.last_mut().unwrap() ^= 1;
    assert!(sealed::open(&key, &sealed).is_none());
}

#[test]
fn never_writes_over_a_key() {
    let (root, wallet) = wallet();
    let created = wallet.create_hotkey("h").unwrap();
    assert!(matches!(wallet.create_hotkey("h"), Err(WalletError::Exists(path)) if path == created.path));
    assert_eq!(wallet.hotkey("h").unwrap().keypair.hotkey(), created.keypair.hotkey());
    // No half-written file stays behind.
    assert_eq!(fs::read_dir(created.path.parent().unwrap()).unwrap().count(), 1);
    // A public half alone belongs to a coldkey that is kept elsewhere.
    fs::write(root.path().join("default/coldkeypub.txt"), ADDRESS).unwrap();
    let refused = wallet.save_coldkey(&Secret::generate(), &sealed::Key::default());
    assert!(matches!(refused, Err(WalletError::Exists(_))));
    assert!(!wallet.coldkey_path().exists());
}

#[cfg(unix)]
#[test]
fn modes_are_tight_and_looseness_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let (_root, wallet) = wallet();
    let created = wallet.create_hotkey("h").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&created.path), 0o600);
    assert_eq!(mode(created.path.parent().unwrap()), 0o700);
    assert_eq!(wallet.hotkey("h").unwrap().loose_mode, None);
    fs::set_permissions(&created.path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(wallet.hotkey("h").unwrap().loose_mode, Some(0o644));
}

#[test]
fn the_phrase_brings_the_key_back() {
    let (_root, wallet) = wallet();
    let created = wallet.create_hotkey("h").unwrap();
    assert_eq!(created.phrase.split_whitespace().count(), 12);
    assert_eq!(Keypair::from_phrase(&created.phrase).unwrap().hotkey(), created.keypair.hotkey());
    assert_ne!(wallet.create_hotkey("i").unwrap().keypair.hotkey(), created.keypair.hotkey());
}

#[test]
fn what_is_wrong_is_said_without_the_secret() {
    let (_root, wallet) = wallet();
    let plain = &vector()["plaintext_json"];
    let seed = field(plain, "secretSeed");
    let changed = |name: &str, value: Value| {
        let mut changed = plain.clone();
        changed[name] = value;
        changed.to_string().into_bytes()
    };
    let whole = plain.to_string().into_bytes();
    let bob = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
    type Expected = fn(&WalletError) -> bool;
    let cases: Vec<(&str, Vec<u8>, Expected)> = vec![
        ("cut", whole[..whole.len() / 2].to_vec(), |e| matches!(e, WalletError::Corrupt { .. })),
        ("empty", Vec::new(), |e| matches!(e, WalletError::Corrupt { .. })),
        ("binary", vec![0xff; 40], |e| matches!(e, WalletError::Corrupt { .. })),
        ("word", b"swordfish".to_vec(), |e| matches!(e, WalletError::Corrupt { .. })),
        ("words", b"these are not the words".to_vec(), |e| matches!(e, WalletError::Key { .. })),
        ("seed", changed("secretSeed", "0x1234".into()), |e| matches!(e, WalletError::Corrupt { .. })),
        ("other", changed("secretSeed", seed.replacen("0xf", "0xe", 1).into()), |e| {
            matches!(e, WalletError::Mismatch(_))
        }),
        ("address", changed("ss58Address", bob.into()), |e| matches!(e, WalletError::Corrupt { .. })),
        ("kind", changed("cryptoType", 0.into()), |e| matches!(e, WalletError::Ed25519(_))),
        ("public", format!("{{\"ss58Address\":\"{ADDRESS}\"}}").into_bytes(), |e| {
            matches!(e, WalletError::Corrupt { .. })
        }),
        ("vault", b"$ANSIBLE_VAULT;1.1;AES256".to_vec(), |e| {
            matches!(e, WalletError::OldEncryption { format: "ansible", .. })
        }),
        ("fernet", b"gAAAAABk".to_vec(), |e| matches!(e, WalletError::OldEncryption { format: "fernet", .. })),
        ("nacl", b"$NACLxxxx".to_vec(), |e| matches!(e, WalletError::Encrypted(_))),
        ("long", vec![b'a'; 100_000], |e| matches!(e, WalletError::TooLong(_))),
    ];
    for (name, bytes, expected) in cases {
        let path = put(&wallet, name, &bytes);
        let error = wallet.hotkey(name).unwrap_err();
        assert!(expected(&error), "{name}: {error:?}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(path.to_str().unwrap()), "{name} does not name its file: {text}");
        assert!(!text.contains(&seed[4..]), "{name} shows the secret");
    }
    let missing = wallet.hotkey("missing").unwrap_err();
    assert!(matches!(missing, WalletError::Io { .. }) && missing.to_string().contains("missing"));
}

#[test]
fn names_stay_inside_the_wallet() {
    let (root, wallet) = wallet();
    for name in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "nul\0"] {
        assert!(matches!(wallet.hotkey(name), Err(WalletError::Name(_))), "{name:?}");
        assert!(matches!(Wallet::new(root.path(), name), Err(WalletError::Name(_))), "{name:?}");
    }
}
