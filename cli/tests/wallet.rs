//! Keys, made and kept and used with the built program: what it writes and prints, and that nothing half done is left
//! behind when it can't.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

const PHRASE: &str = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
const SEED: &str = "0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e";
const ADDRESS: &str = "5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV";
const BOB: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file to read from, and its path as an argument.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn assay(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ASSAY__") || name.starts_with("BT_PW")) {
            command.env_remove(name);
        }
        command.env("ASSAY__WALLET__PATH", self.path("wallets")).env("ASSAY__WALLET__NAME", "w").env_remove("RUST_LOG");
        command.args(arguments).stdin(Stdio::null());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.assay(arguments).output().unwrap()
    }

    /// What it prints on success.
    fn prints(&self, arguments: &[&str]) -> String {
        succeeded(self.output(arguments))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.prints(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// One line, with this status, that holds all of these.
    fn fails(&self, arguments: &[&str], status: i32, holding: &[&str]) {
        failed(&self.output(arguments), status, holding);
    }

    /// Every file there is in the folder of wallets.
    fn files(&self) -> Vec<String> {
        fn walk(folder: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(path.display().to_string()) }
            }
        }
        let mut found = Vec::new();
        walk(&self.path("wallets"), &mut found);
        found.sort_unstable();
        found
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn succeeded(output: Output) -> String {
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn failed(output: &Output, status: i32, holding: &[&str]) {
    let error = stderr(output);
    assert_eq!(output.status.code(), Some(status), "{error}");
    assert!(output.stdout.is_empty());
    assert_eq!(error.lines().count(), 1, "{error}");
    for part in holding {
        assert!(error.contains(part), "{error:?} lacks {part:?}");
    }
    assert!(!error.contains("fac7") && !error.contains("curtain"), "{error:?} shows a secret");
}

fn piped(mut command: Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_new_hotkey_comes_back_from_its_words() {
    let folder = Folder::new();
    let made = folder.json(&["wallet", "new", "hotkey", "--hotkey", "a"]);
    let words = folder.file("words", made["phrase"].as_str().unwrap());
    let kept = folder.json(&["wallet", "import", "hotkey", "--hotkey", "b", "--from", &words]);
    assert_eq!(kept["address"], made["address"]);
    assert!(kept.get("phrase").is_none());
    let listed = folder.json(&["wallet", "list"]);
    assert_eq!(listed[0]["name"], "w");
    assert_eq!(listed[0]["hotkeys"][0]["address"], made["address"]);
    assert_eq!(listed[0]["hotkeys"].as_array().unwrap().len(), 2);
    let shown = folder.json(&["wallet", "show", "--hotkey", "b"]);
    assert_eq!(shown["hotkey"], made["address"]);
}

#[test]
fn a_hotkey_is_kept_of_whatever_there_is_of_it() {
    let folder = Folder::new();
    let keyfile = serde_json::json!({ "secretSeed": SEED, "ss58Address": ADDRESS, "accountType": "hotkey" });
    let sources = [
        ("words", format!("{PHRASE}\n")),
        ("seed", SEED.to_owned()),
        ("digits", SEED[2..].to_owned()),
        ("keyfile", keyfile.to_string()),
    ];
    for (name, content) in &sources {
        let from = folder.file(name, content);
        let arguments = ["wallet", "import", "hotkey", "--hotkey", name, "--from", &from, "--address", ADDRESS];
        assert_eq!(folder.json(&arguments)["address"], ADDRESS, "{name}");
    }
    let stdin = ["wallet", "import", "hotkey", "--hotkey", "stdin", "--from", "-"];
    assert!(succeeded(piped(folder.assay(&stdin), PHRASE.as_bytes())).contains(ADDRESS));
    let kept = fs::read_to_string(folder.path("wallets/w/hotkeys/words")).unwrap();
    assert!(kept.contains(PHRASE) && kept.contains(SEED));
    // A key and its public half each.
    assert_eq!(folder.files().len(), 2 * (sources.len() + 1));
}

#[test]
fn what_makes_no_key_leaves_nothing() {
    let folder = Folder::new();
    let words = folder.file("words", PHRASE);
    let import = |from: &str, more: &[&str], status: i32, holding: &[&str]| {
        folder.fails(&[&["wallet", "import", "hotkey", "--from", from], more].concat(), status, holding);
    };
    let bad = |name: &str, content: &str| folder.file(name, content);
    import(&words, &["--address", BOB], 1, &[ADDRESS, BOB]);
    import(&bad("empty", ""), &[], 1, &["empty is corrupt"]);
    import(&bad("typo", &PHRASE.replace("walk", "wolk")), &[], 1, &["typo holds no key", "not a mnemonic phrase"]);
    import(&bad("checksum", &PHRASE.replace("walk", "fit")), &[], 1, &["checksum holds no key", "invalid checksum"]);
    import(&bad("eleven", &PHRASE.replace(" walk", "")), &[], 1, &["eleven holds no key", "word count"]);
    import(&bad("half", "{\"secretSeed\":\"0xfac7959dbf"), &[], 1, &["half is corrupt", "JSON"]);
    import(&bad("short", &SEED[..40]), &[], 1, &["short is corrupt"]);
    import(&bad("public", ADDRESS), &[], 1, &["public is corrupt"]);
    import(&bad("vault", "$ANSIBLE_VAULT;1.1;AES256"), &[], 1, &["vault is encrypted in the old format ansible"]);
    import(&bad("long", &"a".repeat(1 << 17)), &[], 1, &["too long"]);
    import(folder.0.path().to_str().unwrap(), &[], 1, &["cannot be read", "directory"]);
    import("no/such/file", &[], 1, &["no/such/file", "cannot be read"]);
    // Nobody is there to be asked.
    folder.fails(&["wallet", "import", "hotkey"], 2, &["no terminal", "--from"]);
    folder.fails(&["wallet", "new", "coldkey"], 2, &["no terminal", "--password-file"]);
    import("-", &["--from-password-file", "-"], 2, &["stdin holds one secret"]);
    // Nor is a secret taken as an argument.
    assert_eq!(folder.output(&["wallet", "import", "hotkey", PHRASE]).status.code(), Some(2));
    for name in ["../x", "", ".h", "hpub.txt"] {
        folder.fails(&["wallet", "new", "hotkey", "--hotkey", name], 1, &["can't name a wallet or a hotkey"]);
    }
    let blank = bad("blank", " secret\n");
    folder.fails(&["wallet", "new", "coldkey", "--password-file", &blank], 1, &["white space"]);
    let nothing = bad("nothing", "\n");
    folder.fails(&["wallet", "new", "coldkey", "--password-file", &nothing], 1, &["password is empty"]);
    assert_eq!(folder.files(), [""; 0]);
}

#[test]
fn a_key_that_exists_stays() {
    let folder = Folder::new();
    let made = folder.json(&["wallet", "new", "hotkey"]);
    let words = folder.file("words", PHRASE);
    let taken = ["exists already", "choose another name"];
    folder.fails(&["wallet", "new", "hotkey"], 1, &taken);
    folder.fails(&["wallet", "import", "hotkey", "--from", &words], 1, &taken);
    assert_eq!(folder.json(&["wallet", "show"])["hotkey"], made["address"]);
    // A public half without its key is another machine's, and says whose key may come.
    fs::write(folder.path("wallets/w/hotkeys/kpub.txt"), BOB).unwrap();
    folder.fails(
        &["wallet", "import", "hotkey", "--hotkey", "k", "--from", &words],
        1,
        &["kpub.txt", "exists already"],
    );
    assert!(!folder.path("wallets/w/hotkeys/k").exists());
}

#[test]
fn where_nothing_can_be_written_nothing_is_left() {
    let folder = Folder::new();
    let file = folder.file("file", "");
    folder.fails(&["wallet", "new", "hotkey", "--wallet-path", &file], 1, &["cannot access", "Not a directory"]);
    // A disk that is full from the first byte on, for the program and whoever it starts.
    let mut full = Command::new("sh");
    full.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_assay")]);
    full.args(["wallet", "new", "hotkey", "--wallet-path"]).arg(folder.path("wallets"));
    let output = full.stdin(Stdio::null()).output().unwrap();
    failed(&output, 1, &["cannot access", "too large"]);
    assert!(folder.path("wallets").exists());
    assert_eq!(folder.files(), [""; 0]);
}

#[test]
fn signatures_are_everybodys() {
    let folder = Folder::new();
    let words = folder.file("words", PHRASE);
    folder.prints(&["wallet", "import", "hotkey", "--from", &words]);
    let signature = |arguments: &[&str]| {
        let signed = folder.json(&[&["wallet", "sign"], arguments].concat());
        assert_eq!(signed["address"], ADDRESS);
        signed["signature"].as_str().unwrap().to_owned()
    };
    let verify = |message: &str, address: &str, signature: &str| {
        folder.output(&["wallet", "verify", message, "--address", address, "--signature", signature])
    };
    let plain = signature(&["it is mine"]);
    assert_eq!(succeeded(verify("it is mine", ADDRESS, &plain)), format!("{ADDRESS} signed it\n"));
    succeeded(verify("it is mine", ADDRESS, &plain[2..]));
    failed(&verify("it is yours", ADDRESS, &plain), 1, &["did not sign"]);
    failed(&verify("it is mine", BOB, &plain), 1, &[BOB, "did not sign"]);
    assert_eq!(verify("it is mine", ADDRESS, "0x12").status.code(), Some(2));
    assert_eq!(verify("it is mine", "5Grw", &plain).status.code(), Some(2));
    let refused = folder.output(&["wallet", "verify", "x", "--address", ADDRESS, "--signature", &plain, "--json"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stdout).contains("\"verified\": false"));

    // Wrapped as in browsers, from a file, and from stdin.
    succeeded(verify("it is mine", ADDRESS, &signature(&["it is mine", "--wrap"])));
    let file = folder.file("message", "it is mine");
    succeeded(verify("it is mine", ADDRESS, &signature(&["--file", &file])));
    let stdin = succeeded(piped(folder.assay(&["wallet", "sign", "--file", "-"]), b"it is mine"));
    let stdin = stdin.lines().find_map(|line| line.strip_prefix("signature  ")).unwrap();
    succeeded(verify("it is mine", ADDRESS, stdin));

    // What is no text could be a transaction.
    let bytes = folder.file("bytes", [0xff, 0xfe]);
    folder.fails(&["wallet", "sign", "--file", &bytes], 1, &["no text", "--wrap"]);
    let wrapped = signature(&["--file", &bytes, "--wrap"]);
    folder.prints(&["wallet", "verify", "--file", &bytes, "--address", ADDRESS, "--signature", &wrapped]);
    assert_eq!(folder.output(&["wallet", "sign"]).status.code(), Some(2));
    folder.fails(&["wallet", "sign", "x", "--hotkey", "none"], 1, &["none", "assay wallet new hotkey"]);
    // Another wallet's, as bittensor-wallet 4.1.1 made it.
    let vectors = include_str!("../../primitives/tests/fixtures/bittensor-wallet.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    for of in vectors["signatures"]["of"].as_array().unwrap() {
        let text = |name: &str| of[name].as_str().unwrap();
        succeeded(verify(text("message"), vectors["signatures"]["address"].as_str().unwrap(), text("signature")));
    }
}

/// All that takes half a gigabyte, one after the other.
#[test]
fn coldkeys_are_sealed() {
    let folder = Folder::new();
    let words = folder.file("words", PHRASE);
    let (right, wrong) = (folder.file("right", "test-password\n"), folder.file("wrong", "swordfish"));
    let coldkey = ["wallet", "import", "coldkey", "--from", &words, "--password-file", &right];
    assert_eq!(folder.json(&coldkey)["address"], ADDRESS);
    folder.fails(&coldkey, 1, &["exists already"]);
    let sealed = folder.path("wallets/w/coldkey");
    assert!(fs::read(&sealed).unwrap().starts_with(b"$NACL"));
    assert_eq!(folder.files().len(), 2);

    let sign = ["wallet", "sign", "it is mine", "--coldkey", "--password-file"];
    folder.fails(&[&sign[..], &[&wrong]].concat(), 1, &["cannot decrypt", "wrong password"]);
    folder.fails(&sign[..4], 2, &["no terminal", "--password-file"]);

    // The environment, as other wallets leave it there: disguised by the variable's name.
    let variable = format!("BT_PW_{}", sealed.to_str().unwrap().replace(['/', '.'], "_").to_uppercase());
    let disguised = disguised("test-password", &variable);
    assert!(succeeded(folder.assay(&sign[..4]).env(&variable, disguised).output().unwrap()).contains(ADDRESS));
    failed(&folder.assay(&sign[..4]).env(&variable, "?").output().unwrap(), 1, &[&variable, "no password"]);

    // Out of the sealed file into a hotkey, with its password.
    let from = ["wallet", "import", "hotkey", "--from", sealed.to_str().unwrap()];
    folder.fails(&from, 2, &["no terminal", "--from-password-file"]);
    assert_eq!(folder.json(&[&from[..], &["--from-password-file", &right]].concat())["address"], ADDRESS);
}

/// A password of 13 letters under a variable's name, in base64.
fn disguised(password: &str, variable: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes: Vec<u8> = password.bytes().zip(variable.bytes()).map(|(letter, mask)| letter ^ mask).collect();
    assert_eq!(bytes.len(), 13);
    bytes.extend([0, 0]);
    let words = bytes.chunks(3).map(|chunk| chunk.iter().fold(0, |word, byte| word << 8 | usize::from(*byte)));
    let digits = words.flat_map(|word| [18, 12, 6, 0].map(|shift| char::from(DIGITS[word >> shift & 63])));
    digits.take(18).chain("==".chars()).collect()
}

/// A machine that serves has a hotkey: what else there is of the wallet is neither read nor needed.
#[test]
fn what_serves_opens_its_hotkey_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    folder.prints(&["wallet", "new", "hotkey"]);
    // Whoever opened these would wait for ever.
    let wallet = folder.path("wallets/w");
    for name in ["coldkey", "coldkeypub.txt"] {
        let made = Command::new("mkfifo").arg(wallet.join(name)).status().unwrap();
        assert!(made.success());
    }
    fs::remove_file(wallet.join("hotkeys/defaultpub.txt")).unwrap();
    fs::set_permissions(wallet.join("hotkeys/default"), fs::Permissions::from_mode(0o644)).unwrap();
    let nowhere = ["--chain-url", "ws://127.0.0.1:1"];
    #[cfg(feature = "torch")]
    let commands = [&["miner"][..], &["validator"]];
    #[cfg(not(feature = "torch"))]
    let commands = [&["metagraph"][..]];
    for command in commands {
        // The hotkey is opened first, then nobody is found there.
        let output = folder.output(&[command, &nowhere].concat());
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("key file is open to others than its owner"), "{command:?}: {error}");
        assert!(error.contains("644") && error.contains("cannot reach a chain at"), "{command:?}: {error}");
    }
}
