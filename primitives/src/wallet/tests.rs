use std::fs;

use serde_json::Value;

use super::*;

/// Made and checked by other implementations of the format.
const VECTOR: &str = include_str!("../../tests/fixtures/keyfile.json");
/// Made by bittensor-wallet 4.1.1 and bittensor-core 0.1.5, as PyPI has them.
const OFFICIAL: &str = include_str!("../../tests/fixtures/bittensor-wallet.json");
const ADDRESS: &str = "5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV";

fn vector() -> Value {
    serde_json::from_str(VECTOR).unwrap()
}

fn official() -> Value {
    serde_json::from_str(OFFICIAL).unwrap()
}

/// What the password of both vectors derives to, without the seconds that it takes.
fn derived_key() -> sealed::Key {
    let mut key = sealed::Key::default();
    hex::decode_to_slice(field(&vector()["argon2i"], "derived_key_hex"), key.as_mut()).unwrap();
    key
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
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
    assert_eq!(json(&created.path), vector["plaintext_json"]);
    let public = &vector["plaintext_json"];
    let public = serde_json::json!({
        "accountId": public["accountId"], "publicKey": public["publicKey"], "ss58Address": ADDRESS, "cryptoType": 1
    });
    assert_eq!(json(&wallet.hotkeypub_path("h").unwrap()), public);
    assert_eq!(wallet.hotkeys().unwrap(), ["h"]);
}

#[test]
fn phrases_of_every_length_are_the_official_wallets() {
    let (_root, wallet) = wallet();
    for (at, keyfile) in official()["keyfiles"].as_array().unwrap().iter().enumerate() {
        let phrase = field(keyfile, "secretPhrase");
        assert_eq!(phrase.split(' ').count(), 12 + 3 * at);
        let saved = wallet.save_hotkey(&format!("h{at}"), &Secret::from_phrase(&phrase).unwrap()).unwrap();
        assert_eq!(json(&saved.path), *keyfile);
    }
}

#[test]
fn a_private_key_alone_is_a_key() {
    let (_root, wallet) = wallet();
    let official = official();
    let alone = &official["private_key_only"];
    let path = put(&wallet, "alone", alone.to_string().as_bytes());
    let key = wallet.hotkey("alone").unwrap().keypair;
    assert_eq!(key.hotkey().to_string(), field(alone, "ss58Address"));
    let message = b"message";
    assert!(key.hotkey().verify(message, &key.sign(message)));
    // Neither words nor seed are made up for it.
    let secret = read_secret(&path, &fs::read(&path).unwrap(), None).unwrap();
    assert!(secret.phrase().is_none());
    assert_eq!(json(&wallet.save_hotkey("again", &secret).unwrap().path), *alone);
    let whole = &official["keyfiles"][0];
    let seed = serde_json::json!({ "secretSeed": whole["secretSeed"] }).to_string();
    let secret = read_secret(&path, seed.as_bytes(), None).unwrap();
    let mut without_phrase = whole.clone();
    without_phrase.as_object_mut().unwrap().remove("secretPhrase");
    assert_eq!(json(&wallet.save_hotkey("seed", &secret).unwrap().path), without_phrase);
}

#[test]
fn signatures_of_the_official_wallet_verify() {
    let signatures = &official()["signatures"];
    let key: crate::Hotkey = field(signatures, "address").parse().unwrap();
    for of in signatures["of"].as_array().unwrap() {
        let (message, signature) = (field(of, "message"), field(of, "signature").parse().unwrap());
        assert!(key.verify_text(message.as_bytes(), &signature));
        assert_eq!(key.verify(message.as_bytes(), &signature), of["wrapped"] == false);
        assert!(!key.verify_text(format!("{message}.").as_bytes(), &signature));
    }
}

#[test]
fn passwords_are_in_the_environment_as_the_official_wallet_leaves_them() {
    for of in official()["environment"].as_array().unwrap() {
        let variable = password_variable(Path::new(&field(of, "path")));
        assert_eq!(variable, field(of, "variable"));
        assert_eq!(*password_in(&variable, &field(of, "value")).unwrap(), field(of, "password"));
    }
    assert!(password_in("BT_PW_X", "not base64").is_none());
    // What is no text under this name, and nothing at all.
    assert!(password_in("BT_PW_X", "/////w==").is_none());
    assert_eq!(*password_in("BT_PW_X", "").unwrap(), "");
}

#[test]
fn opens_what_the_official_wallet_sealed() {
    let official = official();
    assert_eq!(official["sealed"]["password"], vector()["password"]);
    let sealed = hex::decode(field(&official["sealed"], "keyfile_hex")).unwrap();
    let plain = sealed::open(&derived_key(), &sealed).unwrap();
    let (_, keypair) = Keyfile::parse(Path::new("coldkey"), &plain).unwrap().secret(Path::new("coldkey")).unwrap();
    assert_eq!(keypair.coldkey().to_string(), field(&official["keyfiles"][0], "ss58Address"));
}

#[test]
fn sealed_files_open_with_their_key_only() {
    let (_root, wallet) = wallet();
    let key = derived_key();
    let created = wallet.save_sealed_coldkey(&Secret::generate(), |_| Ok(derived_key())).unwrap();
    assert_eq!(wallet.coldkeypub().unwrap(), created.keypair.coldkey());
    let public = fs::read_to_string(wallet.coldkeypub_path()).unwrap();
    assert!(!public.contains("secret") && !public.contains("private"));

    let mut sealed = fs::read(wallet.coldkey_path()).unwrap();
    let plain = sealed::open(&key, &sealed).unwrap();
    let keypair = read_secret(&wallet.coldkey_path(), &plain, None).unwrap().keypair().unwrap();
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
    let created = wallet.save_hotkey("h", &Secret::generate()).unwrap();
    let again = wallet.save_hotkey("h", &Secret::generate());
    assert!(matches!(again, Err(WalletError::Exists(path)) if path == created.path));
    assert!(matches!(wallet.vacant_hotkey("h"), Err(WalletError::Exists(_))));
    assert_eq!(wallet.hotkey("h").unwrap().keypair.hotkey(), created.keypair.hotkey());
    // The key and its public half: no half-written file stays behind.
    assert_eq!(fs::read_dir(created.path.parent().unwrap()).unwrap().count(), 2);
    // A public half alone belongs to a coldkey that is kept elsewhere.
    fs::write(root.path().join("default/coldkeypub.txt"), ADDRESS).unwrap();
    let refused = wallet.save_sealed_coldkey(&Secret::generate(), |_| Ok(derived_key()));
    assert!(matches!(refused, Err(WalletError::Exists(path)) if path == wallet.coldkeypub_path()));
    assert!(!wallet.coldkey_path().exists());
    // That coldkey itself may come to it.
    let secret = Secret::from_phrase(&field(&vector(), "mnemonic")).unwrap();
    wallet.save_sealed_coldkey(&secret, |_| Ok(derived_key())).unwrap();
    assert_eq!(fs::read_to_string(wallet.coldkeypub_path()).unwrap(), ADDRESS);
    assert!(matches!(wallet.vacant_coldkey(), Err(WalletError::Exists(_))));
}

#[test]
fn one_of_many_at_once_wins() {
    let (_root, wallet) = wallet();
    let saved: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| wallet.save_hotkey("h", &Secret::generate()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut winners = saved.iter().flatten();
    let winner = winners.next().unwrap().keypair.hotkey();
    assert!(winners.next().is_none());
    assert!(saved.iter().flat_map(|saved| saved.as_ref().err()).all(|error| matches!(error, WalletError::Exists(_))));
    assert_eq!(wallet.hotkey("h").unwrap().keypair.hotkey(), winner);
    assert_eq!(json(&wallet.hotkeypub_path("h").unwrap())["ss58Address"], winner.to_string());
    assert_eq!(fs::read_dir(wallet.hotkey_path("h").unwrap().parent().unwrap()).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn modes_are_tight_and_looseness_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let (_root, wallet) = wallet();
    let created = wallet.save_hotkey("h", &Secret::generate()).unwrap();
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
    let secret = Secret::generate();
    let phrase = secret.phrase().unwrap();
    assert_eq!(phrase.split_whitespace().count(), 12);
    let saved = wallet.save_hotkey("h", &secret).unwrap();
    assert_eq!(Keypair::from_phrase(&phrase).unwrap().hotkey(), saved.keypair.hotkey());
    assert_ne!(Secret::generate().keypair().unwrap().hotkey(), saved.keypair.hotkey());
    assert_eq!(format!("{secret:?}"), "Secret");
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
    let other_phrase = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
    let mismatch = format!("{{\"secretPhrase\":\"{other_phrase}\",\"ss58Address\":\"{ADDRESS}\"}}").into_bytes();
    let bob = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
    type Expected = fn(&WalletError) -> bool;
    let cases: Vec<(&str, Vec<u8>, Expected)> = vec![
        ("cut", whole[..whole.len() / 2].to_vec(), |e| matches!(e, WalletError::Corrupt { .. })),
        ("empty", Vec::new(), |e| matches!(e, WalletError::Corrupt { .. })),
        ("binary", vec![0xff; 40], |e| matches!(e, WalletError::Corrupt { .. })),
        ("word", b"swordfish".to_vec(), |e| matches!(e, WalletError::Corrupt { .. })),
        ("words", b"these are not the words".to_vec(), |e| matches!(e, WalletError::Key { .. })),
        ("seed", changed("secretSeed", "0x1234".into()), |e| matches!(e, WalletError::Corrupt { .. })),
        ("other", changed("secretPhrase", other_phrase.into()), |e| matches!(e, WalletError::Corrupt { .. })),
        ("mismatch", mismatch, |e| matches!(e, WalletError::Mismatch(_))),
        ("address", changed("ss58Address", bob.into()), |e| matches!(e, WalletError::Corrupt { .. })),
        ("kind", changed("cryptoType", 0.into()), |e| matches!(e, WalletError::Ed25519(_))),
        ("scheme", changed("signingScheme", "Ed25519".into()), |e| matches!(e, WalletError::Ed25519(_))),
        ("theirs", official()["ed25519"].to_string().into_bytes(), |e| matches!(e, WalletError::Ed25519(_))),
        ("checksum", "abandon ".repeat(12).into_bytes(), |e| matches!(e, WalletError::Key { .. })),
        ("private", br#"{"privateKey":"0x1234"}"#.to_vec(), |e| matches!(e, WalletError::Corrupt { .. })),
        ("scalar", format!(r#"{{"privateKey":"{}"}}"#, "f".repeat(128)).into_bytes(), |e| {
            matches!(e, WalletError::Key { .. })
        }),
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
    assert!(matches!(wallet.hotkey("hpub.txt"), Err(WalletError::Name(_))));
    for name in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "nul\0"] {
        assert!(matches!(wallet.hotkey(name), Err(WalletError::Name(_))), "{name:?}");
        assert!(matches!(Wallet::new(root.path(), name), Err(WalletError::Name(_))), "{name:?}");
    }
}
