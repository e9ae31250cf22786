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
        let settings = |plugin: &Plugin| {
            let name = plugin.kind.clone();
            move |error: serde_json::Error| IncentiveError::Settings { name, reason: error.to_string() }
        };
        let unknown = |what, plugin: &Plugin, names: Vec<&str>| IncentiveError::Unknown {
            what,
            name: plugin.kind.clone(),
            known: names.join(", "),
        };
        let tasks = incentive.tasks.iter().map(|task| {
            let build = self.tasks.get(&*task.kind);
            let build = build.ok_or_else(|| unknown("task", task, self.tasks.keys().copied().collect()))?;
            Ok((task.kind.clone(), build(task).map_err(settings(task))?))
        });
        let tasks = tasks.collect::<Result<Vec<_>, IncentiveError>>()?;
        let quality = &incentive.quality;
        let build = self.scorers.get(&*quality.kind);
        let build = build.ok_or_else(|| unknown("scorer", quality, self.scorers.keys().copied().collect()))?;
        Mechanism::new(incentive.clone(), tasks, build(quality).map_err(settings(quality))?)
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
