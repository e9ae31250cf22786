//! The threads that share one operation.

use std::num::NonZero;

use crate::ModelError;

/// A fixed number of threads.
pub(crate) struct Pool {
    threads: usize,
    pool: Option<rayon::ThreadPool>,
}

impl Pool {
    /// One thread is the caller's own.
    pub(crate) fn new(threads: NonZero<usize>) -> Result<Self, ModelError> {
        let threads = threads.get();
        let pool = (threads > 1)
            .then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("model-{i}")).build())
            .transpose()
            .map_err(|error| ModelError::Thread { source: std::io::Error::other(error) })?;
        Ok(Self { threads, pool })
    }

    /// Runs `work` where [`Self::split`] finds its threads awake.
    pub(crate) fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Gives every thread a part of `items`, in whole units of `unit` items; `work` learns the number of its first unit.
    pub(crate) fn split<T: Send>(&self, items: &mut [T], unit: usize, work: impl Fn(usize, &mut [T]) + Sync) {
        let unit = unit.max(1);
        let units = items.len().div_ceil(unit);
        let Some(pool) = self.pool.as_ref().filter(|_| units > 1) else { return work(0, items) };
        // twice as many parts as threads: one that was held up has less left
        let each = units.div_ceil(2 * self.threads).max(1);
        pool.scope(|scope| {
            for (index, part) in items.chunks_mut(each * unit).enumerate() {
                let work = &work;
                scope.spawn(move |_| work(index * each, part));
            }
        });
    }
}
