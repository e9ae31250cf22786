//! Tasks and scorers by name: the ones of this crate, and those that a subnet's owner adds.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    challenge::Task,
    config::{ConfigError, ScoringConfig},
    scorer::{Accuracy, AccuracyAndSpeed, Scorer},
    tasks::{EmbedTask, GenerateTask, GenerateWithLogprobsTask},
};

/// What a configuration's names stand for.
#[derive(Clone)]
pub struct Registry {
    tasks: BTreeMap<&'static str, Arc<dyn Task>>,
    scorers: BTreeMap<&'static str, Arc<dyn Scorer>>,
}

impl Default for Registry {
    /// The tasks and scorers of this crate.
    fn default() -> Self {
        Self { tasks: BTreeMap::new(), scorers: BTreeMap::new() }
            .with_task(GenerateTask)
            .with_task(GenerateWithLogprobsTask)
            .with_task(EmbedTask)
            .with_scorer(Accuracy)
            .with_scorer(AccuracyAndSpeed)
    }
}

impl Registry {
    /// Adds a task, in the place of one of the same name.
    pub fn with_task(mut self, task: impl Task + 'static) -> Self {
        self.tasks.insert(task.name(), Arc::new(task));
        self
    }

    /// Adds a scorer, in the place of one of the same name.
    pub fn with_scorer(mut self, scorer: impl Scorer + 'static) -> Self {
        self.scorers.insert(scorer.name(), Arc::new(scorer));
        self
    }

    /// The task of a name.
    pub fn task(&self, name: &str) -> Option<&dyn Task> {
        self.tasks.get(name).map(|task| &**task)
    }

    /// The scorer of a name.
    pub fn scorer(&self, name: &str) -> Option<&dyn Scorer> {
        self.scorers.get(name).map(|scorer| &**scorer)
    }

    /// Whether a configuration makes sense and all that it names is here.
    pub fn check(&self, config: &ScoringConfig) -> Result<(), ConfigError> {
        config.check()?;
        if let Some(task) = config.tasks.iter().find(|task| self.task(task).is_none()) {
            return Err(ConfigError::UnknownTask(task.clone()));
        }
        match self.scorer(&config.scorer) {
            Some(_) => Ok(()),
            None => Err(ConfigError::UnknownScorer(config.scorer.clone())),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks: Vec<_> = self.tasks.keys().collect();
        let scorers: Vec<_> = self.scorers.keys().collect();
        f.debug_struct("Registry").field("tasks", &tasks).field("scorers", &scorers).finish()
    }
}
