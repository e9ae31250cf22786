//! What Prometheus and Grafana are told to read is held against what the program counts: each metric, each label and each value of
//! one in `configs/observability/`, and each runbook of an alert.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit, with_local_recorder};
use scoring::reliability::Period;
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use crate::{
    pages,
    shipped::{read, root},
};

/// Labels that Prometheus itself gives to whatever it reads.
const OF_PROMETHEUS: [&str; 2] = ["job", "instance"];

/// A metric as the program describes it.
#[derive(Debug, Default)]
struct Metric {
    is_histogram: bool,
    /// Its labels, with the values that are there from the start.
    labels: BTreeMap<String, BTreeSet<String>>,
}

/// Writes down what is described and registered.
#[derive(Default)]
struct Declared(Mutex<BTreeMap<String, Metric>>);

impl Declared {
    fn describe(&self, name: &KeyName, meaning: &str, is_histogram: bool) {
        let mut all = self.0.lock().unwrap();
        let metric = all.entry(name.as_str().to_owned()).or_default();
        metric.is_histogram = is_histogram;
        let labels = meaning.rsplit_once("(label").and_then(|(_, rest)| rest.strip_suffix(')'));
        for label in labels.into_iter().flat_map(|names| names.trim_start_matches('s').split(',')) {
            metric.labels.entry(label.trim().to_owned()).or_default();
        }
    }

    fn register(&self, key: &Key) {
        let mut all = self.0.lock().unwrap();
        let metric = all.get_mut(key.name()).unwrap_or_else(|| panic!("{} is counted and not described", key.name()));
        for label in key.labels() {
            let values = metric.labels.get_mut(label.key());
            let values = values.unwrap_or_else(|| panic!("{} doesn't describe its label {}", key.name(), label.key()));
            values.insert(label.value().to_owned());
        }
    }
}

impl Recorder for Declared {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&key, &description, false);
    }

    fn describe_gauge(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&key, &description, false);
    }

    fn describe_histogram(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        self.describe(&key, &description, true);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.register(key);
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.register(key);
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.register(key);
        Histogram::noop()
    }
}

/// All that a validator and a miner count, by the names under which Prometheus reads it.
fn metrics() -> BTreeMap<String, Metric> {
    let declared = Declared::default();
    with_local_recorder(&declared, || {
        validator::describe_metrics();
        miner::describe_metrics();
    });
    let mut read = BTreeMap::new();
    for (name, mut metric) in declared.0.into_inner().unwrap() {
        if let Some(windows) = metric.labels.get_mut("window") {
            windows.extend(Period::ALL.map(|period| period.as_str().to_owned()));
        }
        if metric.is_histogram {
            for suffix in ["_sum", "_count"] {
                read.insert(format!("{name}{suffix}"), Metric { labels: metric.labels.clone(), ..Metric::default() });
            }
            metric.labels.insert("le".into(), BTreeSet::new());
            read.insert(format!("{name}_bucket"), metric);
        } else {
            read.insert(name, metric);
        }
    }
    // Prometheus' own word for whether it could read.
    read.insert("up".into(), Metric::default());
    read
}

/// What the value of a label must be, or must not.
#[derive(Debug, PartialEq, Eq)]
struct Matcher {
    label: String,
    operator: String,
    value: String,
}

/// What an expression of PromQL names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Names {
    /// Metrics, each with its matchers: label, operator, value.
    metrics: Vec<(String, Vec<Matcher>)>,
    /// Labels by which it groups or joins.
    grouped: Vec<String>,
}

/// Takes a word off the front of a text.
fn word<'a>(text: &mut &'a str) -> &'a str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':').unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    *text = rest.trim_start();
    word
}

/// Takes what is between brackets, the opening one first, off the front of a text.
fn bracketed<'a>(text: &mut &'a str, open: char, close: char) -> &'a str {
    let inside = text.strip_prefix(open).unwrap_or_else(|| panic!("no {open} at {text}"));
    let (inside, rest) = inside.split_once(close).unwrap_or_else(|| panic!("no {close} in {text}"));
    *text = rest.trim_start();
    inside
}

fn names(expression: &str) -> Names {
    const GROUPING: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
    const OPERATORS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];
    let mut found = Names::default();
    let mut rest = expression.trim();
    while let Some(letter) = rest.chars().next() {
        match letter {
            '[' => {
                bracketed(&mut rest, '[', ']');
            }
            '0'..='9' => {
                word(&mut rest);
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let name = word(&mut rest);
                if GROUPING.contains(&name) {
                    let labels = bracketed(&mut rest, '(', ')').split(',');
                    found.grouped.extend(labels.map(|label| label.trim().to_owned()));
                } else if OPERATORS.contains(&name) || rest.starts_with('(') {
                    // A function's arguments are read as they come.
                } else if rest.starts_with("by") || rest.starts_with("without") {
                    // An aggregation, with its labels first.
                } else {
                    let matchers = if rest.starts_with('{') { bracketed(&mut rest, '{', '}') } else { "" };
                    found.metrics.push((name.to_owned(), matchers.split(',').filter_map(matcher).collect()));
                }
            }
            other => rest = rest[other.len_utf8()..].trim_start(),
        }
    }
    found
}

/// `label=~"value"`, in parts.
fn matcher(text: &str) -> Option<Matcher> {
    let text = text.trim();
    let at = text.find(['=', '!'])?;
    let (label, rest) = text.split_at(at);
    let (operator, value) = rest.split_at(rest.find('"').unwrap_or_else(|| panic!("no value in {text}")));
    let [label, operator] = [label, operator].map(|part| part.trim().to_owned());
    Some(Matcher { label, operator, value: value.trim_matches('"').to_owned() })
}

/// That all there is in an expression is counted by the program; the labels that its result may have.
fn holds(known: &BTreeMap<String, Metric>, variables: &[&str], expression: &str) -> BTreeSet<String> {
    let found = names(expression);
    assert!(!found.metrics.is_empty(), "no metric in {expression}");
    let mut labels: BTreeSet<String> = OF_PROMETHEUS.iter().map(|&label| label.to_owned()).collect();
    for (name, matchers) in &found.metrics {
        let metric = known.get(name).unwrap_or_else(|| panic!("nobody counts {name}: {expression}"));
        labels.extend(metric.labels.keys().cloned());
        for Matcher { label, operator, value } in matchers {
            if let Some(variable) = value.strip_prefix('$') {
                assert!(variables.contains(&variable), "no variable {value}: {expression}");
            }
            if OF_PROMETHEUS.contains(&&**label) {
                continue;
            }
            let values = metric.labels.get(label).unwrap_or_else(|| panic!("{name} has no {label}: {expression}"));
            if value.starts_with('$') {
                continue;
            }
            let alternatives: Vec<&str> =
                if operator.ends_with('~') { value.split('|').collect() } else { vec![value] };
            for one in alternatives {
                let known = match (&**label, one.strip_suffix(".*")) {
                    ("quantile", _) => one.parse::<f64>().is_ok_and(|share| (0.0..=1.0).contains(&share)),
                    (_, Some(start)) => values.iter().any(|known| known.starts_with(start)),
                    (_, None) => values.contains(one),
                };
                assert!(known, "{name} never has {label}={one}, but {values:?}: {expression}");
            }
        }
    }
    for label in &found.grouped {
        assert!(labels.contains(label), "no label {label} to group by: {expression}");
    }
    labels
}

/// The labels in a text for people: `{{ $labels.job }}` and `{{job}}`.
fn mentioned(text: &str) -> Vec<&str> {
    let inside = text.split("{{").skip(1).filter_map(|part| Some(part.split_once("}}")?.0.trim()));
    inside.filter(|inside| !inside.starts_with("$value")).map(|inside| inside.trim_start_matches("$labels.")).collect()
}

fn yaml(name: &str) -> Yaml {
    let mut documents = YamlLoader::load_from_str(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(documents.len(), 1, "{name}");
    documents.remove(0)
}

/// A page's sections by the anchors of their headings.
fn sections(page: &str) -> BTreeMap<String, String> {
    let mut sections: BTreeMap<String, String> = BTreeMap::new();
    let mut anchor = String::new();
    for line in page.lines() {
        if let Some((_, heading)) = line.split_once("# ").filter(|(marks, _)| marks.chars().all(|mark| mark == '#')) {
            anchor = pages::anchor(heading);
        }
        *sections.entry(anchor.clone()).or_default() += &format!("{line}\n");
    }
    sections
}

#[test]
fn alerts_name_what_is_counted_and_what_to_do() {
    let known = metrics();
    let page = sections(&read("docs/operating.md"));
    let file = yaml("configs/observability/alerts.yml");
    let mut alerts = BTreeSet::new();
    for rule in file["groups"].as_vec().unwrap().iter().flat_map(|group| group["rules"].as_vec().unwrap()) {
        let alert = rule["alert"].as_str().unwrap();
        assert!(alerts.insert(alert), "{alert} is there twice");
        let labels = holds(&known, &[], rule["expr"].as_str().unwrap());
        assert!(matches!(rule["labels"]["severity"].as_str(), Some("critical" | "warning")), "{alert}");
        for text in ["summary", "description"] {
            let text = rule["annotations"][text].as_str().unwrap_or_else(|| panic!("{alert} has no {text}"));
            for label in mentioned(text) {
                assert!(labels.contains(label), "{alert} has no {label} to tell");
            }
        }
        let runbook = rule["annotations"]["runbook_url"].as_str().unwrap_or_else(|| panic!("{alert} has no runbook"));
        let (place, anchor) = runbook.split_once('#').unwrap();
        assert_eq!(place, "docs/operating.md", "{alert}");
        let section = page.get(anchor).unwrap_or_else(|| panic!("{alert}: there is no {runbook}"));
        assert!(section.contains(&format!("`{alert}`")), "{runbook} doesn't speak of {alert}");
    }
    assert!(alerts.len() >= 20);
    // And no alert is explained that there isn't.
    for (anchor, section) in page {
        let spans = section.split('`').skip(1).step_by(2);
        for span in spans.filter(|span| span.starts_with("Assay")) {
            assert!(alerts.contains(span), "{anchor}: there is no alert {span}");
        }
    }
}

#[test]
fn the_scrape_reads_where_the_settings_say() {
    let file = yaml("configs/observability/prometheus.yml");
    for rules in file["rule_files"].as_vec().unwrap() {
        assert!(root().join("configs/observability").join(rules.as_str().unwrap()).is_file());
    }
    let jobs = file["scrape_configs"].as_vec().unwrap();
    let names: Vec<&str> = jobs.iter().map(|job| job["job_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["assay-validator", "assay-miner"]);
    for (job, settings) in jobs.iter().zip(["configs/validator.toml", "configs/miner.toml"]) {
        let target = job["static_configs"][0]["targets"][0].as_str().unwrap();
        assert!(read(settings).contains(&format!("metrics_listen = \"{target}\"")), "{settings}: {target}");
    }
}

#[test]
fn the_board_shows_what_is_counted() {
    let known = metrics();
    let board: Value = serde_json::from_str(&read("configs/observability/grafana.json")).unwrap();
    assert_eq!(board["__inputs"][0]["name"], "DS_PROMETHEUS");
    assert!(board["schemaVersion"].as_u64() >= Some(36));
    let list = board["templating"]["list"].as_array().unwrap();
    let variables: Vec<&str> = list.iter().map(|variable| variable["name"].as_str().unwrap()).collect();
    for variable in list.iter().filter(|variable| variable["type"] == "query") {
        let query = variable["query"]["query"].as_str().unwrap();
        let inside = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')')).unwrap();
        let (metric, label) = inside.split_once(", ").unwrap();
        assert!(holds(&known, &[], metric).contains(label), "{query}");
    }
    let (mut ids, mut shown) = (BTreeSet::new(), BTreeSet::new());
    for panel in board["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
        if panel["type"] == "row" {
            continue;
        }
        for target in panel["targets"].as_array().unwrap().iter().chain([panel]) {
            assert_eq!(target["datasource"]["uid"], "${DS_PROMETHEUS}", "{title}");
        }
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            let labels = holds(&known, &variables, expression);
            for label in mentioned(target["legendFormat"].as_str().unwrap()) {
                assert!(labels.contains(label), "{title}: no {label}");
            }
            shown.extend(names(expression).metrics.into_iter().map(|(name, _)| name));
        }
    }
    for must in [
        "validator_rounds_total",
        "validator_answers_total",
        "validator_proofs_total",
        "validator_weights_total",
        "validator_miner_emission_alpha",
        "validator_miner_first_token_seconds",
        "validator_chain_errors_total",
        "miner_requests_waiting",
        "miner_new_tokens_total",
        "miner_first_token_seconds_bucket",
    ] {
        assert!(shown.contains(must), "the board doesn't show {must}");
    }
}

#[test]
fn names_are_found_in_expressions() {
    let found = names(
        "sum by (job, le) (rate(a_total{x=~\"p|q\", y!=\"1\"}[5m])) / 2 > 0.5 unless on (job) b or histogram_quantile(0.9, c_bucket)",
    );
    let matchers = |text: &str| text.split(", ").filter_map(matcher).collect::<Vec<_>>();
    assert_eq!(matchers("x=~\"p|q\"")[0].operator, "=~");
    assert_eq!(
        found.metrics,
        [
            ("a_total".into(), matchers("x=~\"p|q\", y!=\"1\"")),
            ("b".into(), Vec::new()),
            ("c_bucket".into(), Vec::new())
        ]
    );
    assert_eq!(found.grouped, ["job", "le", "job"]);
}

#[test]
fn what_nobody_counts_is_found() {
    let known = metrics();
    for wrong in [
        "validator_round_total > 0",
        r#"validator_weights_total{end="verifed"} > 0"#,
        r#"validator_weights_total{ends="verified"} > 0"#,
        r#"validator_miner_uptime_ratio{window="2h"} > 0"#,
        r#"miner_requests_total{outcome=~"QUEUE_FULL|QUEUE_EMPTY"} > 0"#,
        "sum by (uid) (miner_connections) > 0",
        "miner_request_seconds > 0",
        r#"miner_connections{instance=~"$miners"} > 0"#,
    ] {
        assert!(std::panic::catch_unwind(|| holds(&known, &["miner"], wrong)).is_err(), "{wrong}");
    }
}
