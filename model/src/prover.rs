//! The hidden rows of an answer under way, and the commitments to them.

use std::{ops::Range, sync::Arc};

use scoring::proof::{CHUNK_ROWS, Commitment, Rows, chunks};

use crate::{ModelError, NotFinite};

/// Gathers the rows of one answer, chunk by chunk.
#[derive(Debug)]
pub(crate) struct Prover {
    prompt: usize,
    width: usize,
    /// Of whole chunks, from the first row on.
    rows: Vec<u16>,
}

impl Prover {
    /// Of an answer to a prompt of so many tokens, by a model whose rows are so wide.
    pub(crate) fn new(prompt: usize, width: usize) -> Self {
        Self { prompt, width, rows: Vec::new() }
    }

    /// Commitments to the chunks that became whole with so many answered tokens; if no more come, to the last one too.
    /// `read` gives rows of the sequence. A row that is no number fails.
    pub(crate) fn commit(
        &mut self,
        answered: usize,
        is_last: bool,
        mut read: impl FnMut(Range<usize>) -> Result<Vec<u16>, ModelError>,
    ) -> Result<Vec<Commitment>, ModelError> {
        let mut commitments = Vec::new();
        for chunk in Self::due(self.prompt, self.held(), answered, is_last) {
            let rows = read(chunk)?;
            commitments.push(Commitment::of(&rows).ok_or(NotFinite)?);
            self.rows.extend(rows);
        }
        Ok(commitments)
    }

    /// All rows, once the last commitment is made. There are none afterwards.
    pub(crate) fn take_rows(&mut self) -> Option<Arc<Rows>> {
        Rows::new(self.width, std::mem::take(&mut self.rows)).filter(|rows| !rows.is_empty()).map(Arc::new)
    }

    fn held(&self) -> usize {
        self.rows.len() / self.width.max(1)
    }

    fn due(prompt: usize, held: usize, answered: usize, is_last: bool) -> impl Iterator<Item = Range<usize>> {
        let whole = move |chunk: &Range<usize>| is_last || chunk.start < prompt || chunk.len() == CHUNK_ROWS;
        chunks(prompt, answered).skip_while(move |chunk| chunk.start < held).take_while(whole)
    }
}
