//! Scenario files: the examples are played, and what makes no sense is said in one line that names the key.

use std::{fs, ops::ControlFlow, path::Path};

use assay_simulation::{Scenario, ScenarioError, campaign};
use scoring::Registry;

/// Read and checked, every point of its grid too.
fn checked(text: &str) -> Result<Scenario, ScenarioError> {
    let scenario = Scenario::from_toml(text)?;
    scenario.check(&Registry::default())?;
    scenario.grid(&Registry::default())?;
    Ok(scenario)
}

fn examples() -> Vec<(String, Scenario)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/scenarios");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let text = fs::read_to_string(file).unwrap();
        let scenario = checked(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"));
        (file.file_stem().unwrap().to_str().unwrap().to_owned(), scenario)
    };
    files.iter().map(read).collect()
}

#[test]
fn every_example_can_be_played() {
    let examples = examples();
    let names: Vec<&str> = examples.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["honest-majority", "sybil", "weight-copying"]);
    for (name, mut scenario) in examples {
        let points = scenario.grid(&Registry::default()).unwrap().len();
        scenario.run.epochs = 3;
        scenario.run.rounds_per_epoch = 1;
        scenario.run.runs = 1;
        scenario.run.best_response = false;
        let outcome = campaign(&scenario, &Registry::default(), |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(outcome.points.len(), points, "{name}");
        for point in &outcome.points {
            assert_eq!(point.summary.groups.len(), scenario.miners.len() + scenario.validators.len());
            assert!(point.summary.groups.iter().any(|group| group.emission_alpha.mean > 0.0), "{name}");
            assert_eq!(point.summary.until_epochs, [1, 2, 3]);
        }
    }
}

const GOOD: &str = "[[miners]]\nname = \"m\"\ncount = 2\n[[validators]]\nname = \"v\"\ncount = 1\n";

#[test]
fn what_makes_no_sense_is_said_in_one_line() {
    let with = |more: &str| format!("{GOOD}{more}");
    let miners = "[[miners]]\nname = \"m\"\ncount = 2\n";
    let cases: &[(String, &str)] = &[
        ("".into(), "validators is empty: nobody would set weights"),
        (miners.into(), "validators is empty: nobody would set weights"),
        ("[[validators]]\nname = \"v\"\ncount = 1".into(), "miners is empty: nobody would be judged"),
        (with("[sweep]"), "sweep is empty: name at least one setting"),
        (with("[sweep]\nsubnet.kappa = []"), "sweep.\"subnet.kappa\" is empty: name at least one value"),
        (with("[sweep]\nsubnet.kapa = [1]"), "sweep.\"subnet.kapa\": there is no such setting"),
        (with("[sweep]\nminers.n.skill = [1]"), "sweep.\"miners.n.skill\": there is no such setting"),
        (
            with("[sweep]\nsubnet.alpha_price_tao = [nan]"),
            "sweep.\"subnet.alpha_price_tao\" = NaN: not a finite number",
        ),
        (with("[sweep]\nminers.m.skill = [0.5, 2]"), "miners.m.skill is 2, but must be from 0 to 1"),
        (with("[sweep]\nsubnet.kappa = [70000]"), "sweep.\"subnet.kappa\" = 70000: no number that this setting can be"),
        (with("[sweep]\nsubnet.kappa = 7"), "line 8: a list of values, or a table of such lists (`subnet.kappa = 7`)"),
        (with("[subnet]\ntempo = 1"), "subnet.tempo is 1, but must be from 2 to 50400"),
        (
            with("[subnet]\nalpha_price_tao = nan"),
            "subnet.alpha_price_tao is NaN, but must be from 0.000000001 to 21000000",
        ),
        (with("[run]\nepochs = 0"), "run.epochs is 0, but must be from 1 to 1000000"),
        (with("[run]\nconfidence = nan"), "run.confidence is NaN, but must be from 0.5 to 0.999999"),
        (with("[run]\nnewcomers = \"x\""), "run.newcomers is \"x\", but there is no such group of miners; there are m"),
        (with("[incentive]\ntasks = []"), "incentive.tasks: tasks is empty: name at least one"),
        (
            with("[incentive.gate]\naudit_probability_ppm = 0"),
            "incentive.gate.audit_probability_ppm: gate.audit_probability_ppm is 0, but must be from 1 to 1000000",
        ),
        (with("[[mechanisms]]\nemission_share = 5"), "mechanisms: emission_share adds up to 5, but must to 65535"),
        (
            with(&miners.replace("\"m\"", "\"v\"")),
            "validators names \"v\" a second time: groups need names of their own",
        ),
        (with(&miners.replace("\"m\"", "\"a.b\"")), "miners.name is empty: a group needs a name, without a dot"),
        (
            GOOD.replace("count = 2", "count = 300"),
            "miners and validators: 301 seats beside the owner's, and subnet.max_allowed_uids is 256",
        ),
        (GOOD.replace("count = 2", "count = 0"), "miners.m.count is 0, but must be from 1 to 4096"),
        (
            GOOD.replace("count = 2", "count = 2\ncost_alpha_per_answer = -1.0"),
            "miners.m.cost_alpha_per_answer is -1, but must be from 0 to 21000000",
        ),
        (
            GOOD.replace("count = 2", "count = 2\ncost_alpha_per_epoch = nan"),
            "miners.m.cost_alpha_per_epoch is NaN, but must be from 0 to 21000000",
        ),
        (GOOD.replace("count = 1", "count = 1\ntake = inf"), "validators.v.take is inf, but must be from 0 to 1"),
        (
            GOOD.replace("count = 2", "count = 2\nstrategy = { kind = \"copier\", victim = \"nobody\" }"),
            "miners.m.strategy.victim is \"nobody\", but there is no such group of miners; there are m",
        ),
        (
            GOOD.replace("count = 1", "count = 1\nstrategy = { kind = \"colluding\", miners = \"w\" }"),
            "validators.v.strategy.miners is \"w\", but there is no such group of miners; there are m",
        ),
        (
            GOOD.replace("count = 1", "count = 1\nstake_alpha = 20999999"),
            "subnet.issuance_alpha, with what is staked, is 21999999, but must be from 0 to 21000000",
        ),
    ];
    for (text, line) in cases {
        assert_eq!(checked(text).unwrap_err().to_string(), *line, "{text}");
    }
}

/// What serde says names the key or the line.
#[test]
fn what_can_not_be_read_names_the_line() {
    let cases = [
        (GOOD.replace("count = 2", "cuont = 2"), "line 3: unknown field `cuont`"),
        (GOOD.replace("count = 2", "count = 2\nstrategy = { kind = \"hones\" }"), "line 4: unknown variant `hones`"),
        (GOOD.replace("count = 2", "count = 2\nstrategy = { kind = \"lazy\", share = 1 }"), "unknown field `share`"),
        (GOOD.replace("name = \"m\"", ""), "missing field `name`"),
        (GOOD.replace("count = 2", "count = "), "line 3: "),
        (format!("{GOOD}[run]\nruns = 2.5"), "line 8: invalid type: floating point `2.5`"),
        (format!("{GOOD}[sibnet]"), "line 7: unknown field `sibnet`"),
    ];
    for (text, part) in cases {
        let error = checked(&text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}\n{text}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let empty = Scenario::from_json("{}").unwrap().check(&Registry::default());
    assert!(empty.unwrap_err().to_string().contains("validators is empty"));
}

#[test]
fn a_grid_is_every_combination() {
    let text = format!("{GOOD}[sweep]\nsubnet.kappa = [1, 2]\n\"miners.m.skill\" = [0.5, 0.6, 0.7]");
    let scenario = Scenario::from_toml(&text).unwrap();
    let grid = scenario.grid(&Registry::default()).unwrap();
    let seen: Vec<(f64, u16)> =
        grid.iter().map(|point| (point.scenario.miners[0].skill, point.scenario.subnet.kappa)).collect();
    assert_eq!(seen, [(0.5, 1), (0.5, 2), (0.6, 1), (0.6, 2), (0.7, 1), (0.7, 2)]);
    assert!(grid.iter().all(|point| point.scenario.sweep.is_none() && point.settings.len() == 2));
    let many = (0..101).map(|value| value.to_string()).collect::<Vec<_>>().join(", ");
    let text = format!("{GOOD}[sweep]\nsubnet.kappa = [{many}]\nrun.seed = [{many}]");
    assert_eq!(checked(&text).unwrap_err().to_string(), "sweep: 10201 combinations, and 10000 may be");
}

/// Every key of a scenario is in the page about it.
#[test]
fn the_page_names_every_key() {
    fn keys(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(table) => {
                for (key, below) in table {
                    found.push(key.clone());
                    if key != "incentive" {
                        keys(below, found);
                    }
                }
            }
            serde_json::Value::Array(list) => list.iter().for_each(|below| keys(below, found)),
            _ => {}
        }
    }
    let strategies = ["honest", "lazy", "cacher", "quantiser", "sybil", "copier"];
    let miners: String = strategies
        .iter()
        .map(|kind| format!("[[miners]]\nname = \"{kind}\"\ncount = 1\nstrategy = {{ kind = \"{kind}\" }}\n"))
        .collect();
    let text = format!(
        "{miners}[[mechanisms]]\n{}[[validators]]\nname = \"c\"\ncount = 1\nstrategy = {{ kind = \"colluding\", miners = \"lazy\" }}\n\
         [[validators]]\nname = \"l\"\ncount = 1\nstrategy = {{ kind = \"lazy\" }}\n[sweep]\nrun.seed = [1]",
        GOOD.replace("[[miners]]\nname = \"m\"\ncount = 2\n", "")
    );
    let scenario = Scenario::from_toml(&text).unwrap();
    let mut found = Vec::new();
    keys(&serde_json::to_value(&scenario).unwrap(), &mut found);
    assert!(found.len() > 60, "{found:?}");
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/simulator.md")).unwrap();
    let missing: Vec<&String> = found.iter().filter(|key| !page.contains(key.as_str())).collect();
    assert_eq!(missing, Vec::<&String>::new());
}
