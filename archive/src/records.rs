//! Reading an archive's records back.

use std::ops::Range;

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use primitives::Digest;
use scoring::Sealed;
use tokio::task::spawn_blocking;

use crate::{
    archive::Archive,
    fault::{ArchiveError, Cause, Fault},
    group::{OpenPart, Wanted, owned},
    manifest::Part,
};

/// Row groups of a part that are fetched and decoded ahead.
const AHEAD: usize = 2;

impl Archive {
    /// The records from number `from` on, in order. What was changed since it was written is an error in its place, but
    /// whoever needs to know that the records are a log gives them to [`ScoreLog::accept`](scoring::ScoreLog::accept).
    /// Takes the memory of three row groups. Needs a Tokio runtime.
    pub async fn records(
        &self,
        from: u64,
    ) -> Result<impl Stream<Item = Result<Sealed, ArchiveError>> + Send + use<>, ArchiveError> {
        let parts = self.manifest().await?.parts;
        let archive = self.clone();
        let parts = parts.into_iter().filter(move |part| part.last >= from);
        let opened = stream::iter(parts).then(move |part| {
            let archive = archive.clone();
            async move { archive.part_records(part, from).await }
        });
        Ok(opened.try_flatten())
    }

    async fn part_records(
        &self,
        part: Part,
        from: u64,
    ) -> Result<impl Stream<Item = Result<Sealed, ArchiveError>> + Send + use<>, ArchiveError> {
        let opened = self.open_part(&part).await?;
        let wanted: Vec<usize> =
            opened.groups.iter().enumerate().filter(|(_, (_, records))| records.end > from).map(|(at, _)| at).collect();
        let archive = self.clone();
        let fetched = stream::iter(wanted).map(move |index| {
            let (archive, part, opened) = (archive.clone(), part.clone(), opened.clone());
            async move { archive.group_records(&part, &opened, index).await }
        });
        let rows = fetched.buffered(AHEAD).map_ok(|records| stream::iter(records.into_iter().map(Ok)));
        Ok(rows.try_flatten().try_filter(move |sealed| futures::future::ready(sealed.seq >= from)))
    }

    async fn group_records(&self, part: &Part, opened: &OpenPart, index: usize) -> Result<Vec<Sealed>, ArchiveError> {
        let (place, records) = opened.groups[index].clone();
        let fault = |cause| damaged(part, place.clone(), Some(records.clone()), cause);
        let bytes = self.stretch(&part.name, place.clone()).await?.ok_or_else(|| fault(Cause::Missing))?;
        let (opened, digest, expected) = (opened.clone(), part.groups[index].digest, records.clone());
        let decoded = spawn_blocking(move || {
            if Digest::of(&bytes) != digest {
                return Err(Cause::Digest);
            }
            owned(&opened.decode(index, bytes, Wanted::Sealed)?, expected)
        });
        decoded.await.unwrap_or(Err(Cause::Panicked)).map_err(fault)
    }

    /// Reads a part's footer.
    async fn open_part(&self, part: &Part) -> Result<OpenPart, ArchiveError> {
        let place = part.bytes - part.footer.bytes..part.bytes;
        let fault = |cause| damaged(part, place.clone(), None, cause);
        let footer = self.stretch(&part.name, place.clone()).await?.ok_or_else(|| fault(Cause::Missing))?;
        if Digest::of(&footer) != part.footer.digest {
            return Err(fault(Cause::Digest));
        }
        OpenPart::new(part, &footer).map_err(fault)
    }
}

fn damaged(part: &Part, bytes: Range<u64>, records: Option<Range<u64>>, cause: Cause) -> ArchiveError {
    ArchiveError::Damaged(vec![Fault { file: part.name.clone(), bytes: Some(bytes), records, cause }])
}
