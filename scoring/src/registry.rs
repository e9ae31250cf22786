//! Tasks and scorers by name: the ones of this crate, and those that a subnet's owner adds.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::de::DeserializeOwned;

use crate::{
    challenge::Task,
    incentive::{Incentive, IncentiveError},
    mechanism::Mechanism,
    plugin::Plugin,
    scorer::Scorer,
    scorers::{Accuracy, Chrf, Embedding, Exact, ReferenceLogprob, Rouge1, Rouge2, RougeL, Verified},
    tasks::{EmbedTask, GenerateTask, GenerateWithLogprobsTask},
};

type Build<T> = fn(&Plugin) -> Result<Arc<T>, serde_json::Error>;

/// What a configuration's names stand for.
#[derive(Clone)]
pub struct Registry {
    tasks: BTreeMap<&'static str, Build<dyn Task>>,
    scorers: BTreeMap<&'static str, Build<dyn Scorer>>,
}

impl Default for Registry {
    /// The tasks and scorers of this crate.
    fn default() -> Self {
        Self { tasks: BTreeMap::new(), scorers: BTreeMap::new() }
            .with_task::<GenerateTask>("generate")
            .with_task::<GenerateWithLogprobsTask>("generate_with_logprobs")
            .with_task::<EmbedTask>("embed")
            .with_scorer::<Verified>("verified")
            .with_scorer::<Accuracy>("accuracy")
            .with_scorer::<Exact>("exact")
            .with_scorer::<Rouge1>("rouge_1")
            .with_scorer::<Rouge2>("rouge_2")
            .with_scorer::<RougeL>("rouge_l")
            .with_scorer::<Chrf>("chrf")
            .with_scorer::<Embedding>("embedding")
            .with_scorer::<ReferenceLogprob>("reference_logprob")
    }
}

impl Registry {
    /// Adds a task, in the place of one of the same name. It is made of its table in the configuration.
    pub fn with_task<T: Task + DeserializeOwned + 'static>(mut self, name: &'static str) -> Self {
        self.tasks.insert(name, |plugin| Ok(Arc::new(plugin.build::<T>()?)));
        self
    }

    /// Adds a scorer, in the place of one of the same name. It is made of its table in the configuration.
    pub fn with_scorer<T: Scorer + DeserializeOwned + 'static>(mut self, name: &'static str) -> Self {
        self.scorers.insert(name, |plugin| Ok(Arc::new(plugin.build::<T>()?)));
        self
    }

    /// The mechanism that a configuration describes, if it makes sense and all that it names is here.
    pub fn build(&self, incentive: &Incentive) -> Result<Mechanism, IncentiveError> {
        incentive.check()?;
        let settings = |what, plugin: &Plugin| {
            let name = plugin.kind.clone();
            move |error: serde_json::Error| IncentiveError::Settings { what, name, reason: error.to_string() }
        };
        let unknown = |what, plugin: &Plugin, names: Vec<&str>| IncentiveError::Unknown {
            what,
            name: plugin.kind.clone(),
            known: names.join(", "),
        };
        let tasks = incentive.tasks.iter().map(|task| {
            let build = self.tasks.get(&*task.kind);
            let build = build.ok_or_else(|| unknown("task", task, self.tasks.keys().copied().collect()))?;
            Ok((task.kind.clone(), build(task).map_err(settings("task", task))?))
        });
        let tasks = tasks.collect::<Result<Vec<_>, IncentiveError>>()?;
        let quality = &incentive.quality;
        let build = self.scorers.get(&*quality.kind);
        let build = build.ok_or_else(|| unknown("scorer", quality, self.scorers.keys().copied().collect()))?;
        Mechanism::new(incentive.clone(), tasks, build(quality).map_err(settings("scorer", quality))?)
    }
}

impl PartialEq for Registry {
    /// By the names: what stands behind one can't be compared.
    fn eq(&self, other: &Self) -> bool {
        self.tasks.keys().eq(other.tasks.keys()) && self.scorers.keys().eq(other.scorers.keys())
    }
}

impl Eq for Registry {}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks: Vec<_> = self.tasks.keys().collect();
        let scorers: Vec<_> = self.scorers.keys().collect();
        f.debug_struct("Registry").field("tasks", &tasks).field("scorers", &scorers).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::{Question, Score, stages::Gate, stream::Choices};

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Lengths {
        least: usize,
    }

    impl Scorer for Lengths {
        fn mark(&self, _: &str, answered: &str) -> Score {
            if answered.len() < self.least { Score::ZERO } else { Score::ONE }
        }
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Always {
        text: String,
    }

    impl Task for Always {
        fn question(&self, choices: &mut Choices) -> Question {
            Question { expected: Some(self.text.clone()), ..GenerateTask {}.question(choices) }
        }
    }

    fn registry() -> Registry {
        Registry::default().with_task::<Always>("always").with_scorer::<Lengths>("lengths")
    }

    fn rules(task: &str, quality: &str) -> Incentive {
        let verifies = crate::Verifies::Answer;
        Incentive {
            tasks: vec![serde_json::from_str(task).unwrap()],
            quality: serde_json::from_str(quality).unwrap(),
            gate: Gate { verifies, ..Gate::default() },
            ..Incentive::default()
        }
    }

    const TASK: &str = r#"{"kind":"always","text":"yes"}"#;
    const SCORER: &str = r#"{"kind":"lengths","least":3}"#;

    #[test]
    fn what_an_owner_adds_is_built_of_its_table() {
        let mechanism = registry().build(&rules(TASK, SCORER)).unwrap();
        assert_eq!(mechanism.tasks().collect::<Vec<_>>(), ["always"]);
        assert_eq!((mechanism.scorer().mark("", "yes"), mechanism.scorer().mark("", "no")), (Score::ONE, Score::ZERO));
        let unknown = Registry::default().build(&rules(TASK, SCORER)).unwrap_err();
        assert!(matches!(unknown, IncentiveError::Unknown { what: "task", .. }), "{unknown}");
    }

    #[test]
    fn wrong_settings_are_named_with_their_owner() {
        let task = registry().build(&rules(r#""always""#, SCORER)).unwrap_err();
        assert_eq!(task.to_string(), "always: missing field `text`");
        let scorer = registry().build(&rules(TASK, r#"{"kind":"lengths","least":3,"most":9}"#)).unwrap_err();
        assert_eq!(scorer.to_string(), "lengths: unknown field `most`, expected `least`");
        let kind = registry().build(&rules(TASK, r#"{"kind":"lengths","least":-1}"#)).unwrap_err();
        assert!(matches!(kind, IncentiveError::Settings { name, .. } if name == "lengths"));
    }

    #[test]
    fn a_name_that_is_taken_is_taken_over() {
        let registry = Registry::default().with_scorer::<Lengths>("exact").with_task::<Always>("always");
        let mechanism = registry.build(&rules(TASK, r#"{"kind":"exact","least":1}"#)).unwrap();
        assert_eq!(mechanism.scorer().mark("a", "b"), Score::ONE);
        assert_ne!(registry, Registry::default());
        assert_eq!(Registry::default(), Registry::default().with_scorer::<Lengths>("exact"));
        assert!(format!("{registry:?}").contains("\"always\""));
    }
}
