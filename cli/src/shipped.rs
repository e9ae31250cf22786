//! What is shipped beside the program is held against it: every command line in the images and units is one that it takes, every
//! variable is a setting, every file is there.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

use clap::Parser as _;
use model::LIBTORCH_VERSION;
use scoring::Registry;
use yaml_rust2::{Yaml, YamlLoader};

use crate::{args::Cli, layers::load_with_variables, settings::Settings};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// That the program takes a command line, its own name included.
fn takes<S: AsRef<str>>(words: &[S], place: &str) {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    assert_eq!(words.first().map(|word| word.rsplit('/').next().unwrap()), Some("assay"), "{place}: {words:?}");
    if let Err(error) = Cli::try_parse_from(&words) {
        panic!("{place}: {words:?}\n{error}");
    }
}

/// That variables are settings, with values that they can have.
fn sets<'a>(variables: impl IntoIterator<Item = (&'a str, String)>, place: &str) -> Settings {
    let of_ours = variables.into_iter().filter(|(name, _)| name.starts_with("ASSAY__"));
    let variables: HashMap<String, String> = of_ours.map(|(name, value)| (name.to_owned(), value)).collect();
    let loaded = load_with_variables(&[], variables.into_iter().collect(), &Registry::default());
    loaded.unwrap_or_else(|error| panic!("{place}: {error}")).settings
}

/// A shell's words: quotes hold them together, and a comment or another command ends them.
pub(crate) fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut began) = (Vec::new(), String::new(), None, false);
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => word.push(letter),
            (None, '"' | '\'') => (quote, began) = (Some(letter), true),
            (None, '#') if word.is_empty() && !began => break,
            (None, '|' | '&' | ';' | '>') => break,
            (None, _) if letter.is_whitespace() => {
                if began || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                began = false;
            }
            (None, _) => word.push(letter),
        }
    }
    if began || !word.is_empty() {
        words.push(word);
    }
    words
}

/// The command lines of the program in a shell's text.
pub(crate) fn command_lines(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in text.lines() {
        for part in line.split("&&").flat_map(|part| part.split(" | ")).flat_map(|part| part.split("<(")) {
            let mut words = words(part);
            // sudo and its user, a container's `exec`, or a variable may stand before it.
            let starts = |at: &usize| words[*at] == "assay" && words[..*at].iter().all(|word| is_prefix(word));
            if let Some(at) = (0..words.len()).rev().find(starts) {
                let mut line = words.split_off(at);
                // As in `source <(assay completions bash)`.
                if let Some(last) = line.last_mut().filter(|last| last.ends_with(')') && !last.contains('(')) {
                    last.pop();
                }
                found.push(line);
            }
        }
    }
    found
}

fn is_prefix(word: &str) -> bool {
    const PREFIXES: [&str; 13] = [
        "sudo",
        "-u",
        "assay",
        "docker",
        "compose",
        "-f",
        "--profile",
        "exec",
        "run",
        "--rm",
        "localnet",
        "miner",
        "validator",
    ];
    PREFIXES.contains(&word) || word.ends_with(".yml") || word.contains('=')
}

/// `${NAME:-value}` as it is where nobody sets the name.
fn usual(text: &str) -> String {
    let mut usual = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, behind) = after.split_once('}').unwrap_or_else(|| panic!("{text}: no end of ${{"));
        let (_, default) = variable.split_once(":-").unwrap_or_else(|| panic!("{text}: {variable} has no default"));
        usual += before;
        usual += default;
        rest = behind;
    }
    usual + rest
}

/// The instructions of a Dockerfile, each one line.
fn instructions(text: &str) -> Vec<(String, String)> {
    let text: String =
        text.lines().filter(|line| !line.trim_start().starts_with('#')).map(|line| format!("{line}\n")).collect();
    let text = text.replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| line.split_once(' ').map(|(name, rest)| (name.to_owned(), rest.trim().to_owned())).unwrap())
        .collect()
}

fn list(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

#[test]
fn the_image_runs_commands_that_there_are() {
    let instructions = instructions(&read("packaging/Dockerfile"));
    let all = |name: &str| -> Vec<String> {
        instructions.iter().filter(|(found, _)| found == name).map(|(_, rest)| rest.clone()).collect()
    };
    let one = |name: &str| match &*all(name) {
        [one] => one.clone(),
        several => panic!("{} of {name}", several.len()),
    };
    takes(&[list(&one("ENTRYPOINT")), list(&one("CMD"))].concat(), "CMD");
    takes(&list(one("HEALTHCHECK").split_once("CMD ").unwrap().1), "HEALTHCHECK");
    let runs: Vec<_> = all("RUN").iter().flat_map(|run| command_lines(run)).collect();
    assert_eq!(runs.len(), 2, "{runs:?}");
    runs.iter().for_each(|run| takes(run, "RUN"));

    // What it is built from, and for whom.
    let arguments: BTreeSet<String> = all("ARG").into_iter().collect();
    assert!(arguments.contains(&format!("TORCH={LIBTORCH_VERSION}")), "{arguments:?}");
    let toolchain: toml::Table = read("rust-toolchain.toml").parse().unwrap();
    assert!(
        arguments.contains(&format!("RUST={}", toolchain["toolchain"]["channel"].as_str().unwrap())),
        "{arguments:?}"
    );
    let stages: Vec<_> =
        all("FROM").iter().filter_map(|from| from.split_once(" AS ").map(|(_, name)| name.to_owned())).collect();
    for variant in ["cpu", "cuda"] {
        assert!(stages.contains(&format!("libtorch-{variant}")), "{stages:?}");
    }
    assert_eq!(one("STOPSIGNAL"), "SIGTERM");
    assert_ne!(one("USER").split(':').next(), Some("0"));
    assert_eq!(one("EXPOSE"), Settings::default().miner.listen.port().to_string());
    let variables: Vec<(String, String)> = all("ENV")
        .iter()
        .flat_map(|line| {
            line.split_whitespace()
                .map(|pair| pair.split_once('=').unwrap())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect();
    let settings = sets(variables.iter().map(|(name, value)| (&**name, value.clone())), "ENV");
    assert!(settings.validator.store_path.starts_with(one("VOLUME")));
    assert!(root().join("packaging/Dockerfile.dockerignore").exists());
}

fn text(yaml: &Yaml) -> String {
    match yaml {
        Yaml::String(text) | Yaml::Real(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        Yaml::Boolean(value) => value.to_string(),
        other => panic!("{other:?} is no text"),
    }
}

fn texts(yaml: &Yaml) -> Vec<String> {
    yaml.as_vec().into_iter().flatten().map(|item| usual(&text(item))).collect()
}

fn compose(name: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(documents.len(), 1, "{name}");
    documents.remove(0)
}

fn seconds(duration: &str) -> u64 {
    let (number, unit) = duration.split_at(duration.find(|c: char| !c.is_ascii_digit()).unwrap());
    number.parse::<u64>().unwrap()
        * match unit {
            "s" => 1,
            "m" | "min" => 60,
            other => panic!("{other}"),
        }
}

#[test]
fn the_compose_file_runs_commands_that_there_are() {
    let file = compose("packaging/docker-compose.yml");
    let services = file["services"].as_hash().unwrap();
    let named: BTreeMap<String, &Yaml> = services.iter().map(|(name, service)| (text(name), service)).collect();
    assert_eq!(named.keys().map(String::as_str).collect::<Vec<_>>(), ["localnet", "miner", "subtensor", "validator"]);
    let volumes: BTreeSet<String> = file["volumes"].as_hash().unwrap().keys().map(text).collect();
    let usual_settings = Settings::default();
    for (name, service) in &named {
        // One profile each: nothing starts that nobody asked for.
        assert_eq!(texts(&service["profiles"]), [name.as_str()]);
        if name == "subtensor" {
            assert!(usual(&text(&service["image"])).starts_with("ghcr.io/opentensor/subtensor-localnet:"));
            continue;
        }
        let command = texts(&service["command"]);
        takes(&[vec!["assay".to_owned()], command.clone()].concat(), name);
        let check = texts(&service["healthcheck"]["test"]);
        assert_eq!(check[0], "CMD");
        takes(&check[1..], name);
        let variables = service["environment"].as_hash().into_iter().flatten();
        let variables: Vec<_> = variables.map(|(name, value)| (text(name), usual(&text(value)))).collect();
        assert!(variables.iter().all(|(name, _)| name.starts_with("ASSAY__")), "{name}: {variables:?}");
        let settings = sets(variables.iter().map(|(name, value)| (&**name, value.clone())), name);

        let build = &service["build"];
        let context = root().join("packaging").join(text(&build["context"]));
        assert!(context.join(text(&build["dockerfile"])).is_file(), "{name}");
        assert_eq!(service["read_only"].as_bool(), Some(true), "{name}");
        for volume in texts(&service["volumes"]) {
            let (from, rest) = volume.split_once(':').unwrap();
            let (to, mode) = rest.split_once(':').unwrap_or((rest, "rw"));
            match from.starts_with('.') {
                // From outside: nothing there is changed.
                true => assert_eq!(mode, "ro", "{name}: {volume}"),
                false => assert!(volumes.contains(from), "{name}: {volume}"),
            }
            if to == "/model" {
                assert!(root().join("packaging").join(from).is_dir(), "{name}: {volume}");
                assert_eq!(settings.model.path, Path::new(to));
            }
        }
        match name.as_str() {
            "miner" => {
                assert!(seconds(&text(&service["stop_grace_period"])) > usual_settings.miner.drain_seconds);
                let port = settings.miner.listen.port();
                assert!(texts(&service["ports"]).contains(&format!("{port}:{port}")));
                let address = text(&service["networks"]["assay"]["ipv4_address"]);
                assert_eq!(settings.miner.announce.unwrap().to_string(), format!("{address}:{port}"));
            }
            // Its health is asked by its metrics.
            "validator" => assert!(settings.validator.metrics_listen.is_some()),
            _ => {}
        }
    }
    let gpu = compose("packaging/docker-compose.gpu.yml");
    assert!(gpu["services"].as_hash().unwrap().keys().all(|name| named.contains_key(&text(name))));
}

#[test]
fn the_units_run_commands_that_there_are() {
    let users = read("packaging/systemd/assay.sysusers");
    for role in ["miner", "validator"] {
        let place = format!("packaging/systemd/assay-{role}@.service");
        let unit = read(&place);
        let values = |key: &str| -> Vec<String> {
            unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::to_owned).collect()
        };
        let value = |key: &str| match &*values(key) {
            [one] => one.clone(),
            several => panic!("{place}: {} of {key}", several.len()),
        };
        let start = words(&value("ExecStart").replace("%i", "main"));
        takes(&start, &place);
        assert_eq!(start.last().map(String::as_str), Some(role));
        let variables: Vec<_> = values("Environment");
        let variables = variables.iter().map(|pair| pair.split_once('=').unwrap());
        sets(variables.map(|(name, value)| (name, value.replace("%S", "/var/lib").replace("%i", "main"))), &place);
        assert!(seconds(&value("TimeoutStopSec")) > Settings::default().miner.drain_seconds);
        assert_eq!((value("KillSignal"), value("Restart")), ("SIGTERM".to_owned(), "on-failure".to_owned()));
        // Wrong settings exit with 2.
        assert_eq!(value("RestartPreventExitStatus"), "2");
        assert!(users.lines().any(|line| line.starts_with(&format!("u {} ", value("User")))));
        assert_eq!((value("ProtectSystem"), value("NoNewPrivileges")), ("strict".to_owned(), "yes".to_owned()));
        assert_eq!(values("MemoryDenyWriteExecute"), Vec::<String>::new(), "PyTorch compiles kernels");
    }
}

#[test]
fn command_lines_are_found_in_a_shells_text() {
    let text = "sudo -u assay assay doctor miner   # a comment\n\
                docker compose -f packaging/docker-compose.yml exec localnet assay health chain && echo assay no\n\
                source <(assay completions bash)\nassay wallet sign \"a b\" \\\n    --hotkey x | grep y\necho the assay\n";
    let lines: Vec<String> = command_lines(text).iter().map(|line| line.join(" ")).collect();
    assert_eq!(
        lines,
        ["assay doctor miner", "assay health chain", "assay completions bash", "assay wallet sign a b --hotkey x"]
    );
}
