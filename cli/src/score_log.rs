//! Where a score log comes from: a validator's store, lines of JSON, or an archive. All are read record by record.

use std::{
    convert::Infallible,
    fs::File,
    io::{self, BufReader, Read as _},
    path::PathBuf,
    str::FromStr,
};

use anyhow::{Context as _, bail};
use scoring::{Header, LogReader, Record, Registry, Replay, ReplayError, ScoreLog, Sealed};
use validator::Store;

use crate::progress::Progress;

/// What every SQLite file starts with.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

/// The place of a log.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file, or a folder that is an archive.
    Path(PathBuf),
    /// An archive behind a URL.
    Url(String),
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(place: &str) -> Result<Self, Infallible> {
        Ok(if place.contains("://") { Self::Url(place.to_owned()) } else { Self::Path(place.into()) })
    }
}

/// An open log. What opens a store looks at all of its file.
pub enum Log {
    /// A validator's store.
    Store(validator::StoreReader),
    /// Lines of JSON.
    Lines(Box<dyn io::BufRead>),
    /// Parquet files.
    Archive(archive::blocking::Archive),
}

/// Records as they are read.
pub type Records = Box<dyn Iterator<Item = anyhow::Result<Sealed>>>;

impl Source {
    /// As it was named.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.display().to_string(),
            Self::Url(url) => url.clone(),
        }
    }

    /// Open it.
    pub fn open(&self) -> anyhow::Result<Log> {
        let path = match self {
            Self::Url(url) => return Ok(Log::Archive(archive::blocking::Archive::open(url)?)),
            Self::Path(path) => path,
        };
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            let place = path.to_str().context("the name of the folder is not UTF-8")?;
            return Ok(Log::Archive(archive::blocking::Archive::open(place)?));
        }
        let mut start = Vec::new();
        (&file).take(SQLITE.len() as u64).read_to_end(&mut start)?;
        if start == SQLITE {
            drop(file);
            return Ok(Log::Store(Store::open_read_only(path)?));
        }
        Ok(Log::Lines(Box::new(BufReader::new(io::Cursor::new(start).chain(file)))))
    }

    /// What its first record says.
    pub fn header(&self) -> anyhow::Result<Header> {
        let first = self.open()?.records(0)?.next().ok_or(ReplayError::Empty)??.record()?;
        let Record::Header(header) = first else { bail!("the log begins with a record of kind {}", first.kind()) };
        Ok(header)
    }

    /// [`Log::replay`] of it.
    pub fn replay(
        &self,
        registry: &Registry,
        each: impl FnMut(&Sealed, &Record, &Replay) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.open()?.replay(registry, each)
    }
}

impl Log {
    /// The seal that a store was pruned to.
    pub fn pruned_to(&self) -> anyhow::Result<Option<u64>> {
        match self {
            Self::Store(store) => Ok(store.pruned_to()?),
            Self::Lines(_) | Self::Archive(_) => Ok(None),
        }
    }

    /// Check what a log is kept in, beyond its records: of an archive every byte.
    pub fn verify_container(&self) -> anyhow::Result<()> {
        match self {
            Self::Archive(archive) => Ok(archive.verify().map(drop)?),
            Self::Store(_) | Self::Lines(_) => Ok(()),
        }
    }

    /// How many records there are up to its end, those that were forgotten included, where that is known without reading them.
    /// What can't be read is said by what reads them.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Store(store) => store.count().ok(),
            Self::Archive(archive) => archive.next_seq().ok(),
            Self::Lines(_) => None,
        }
    }

    /// Every record from `from` on that is here, each checked against the hash before it.
    pub fn records(self, from: u64) -> anyhow::Result<Records> {
        Ok(match self {
            Self::Store(store) => Box::new(store.sealed(from)?.map(|sealed| Ok(sealed?))),
            Self::Lines(lines) => {
                let before =
                    move |sealed: &anyhow::Result<Sealed>| sealed.as_ref().is_ok_and(|sealed| sealed.seq < from);
                Box::new(LogReader::new(lines).map(|sealed| Ok(sealed?)).skip_while(before))
            }
            Self::Archive(archive) => {
                // That the records of an archive follow each other is for the reader to see to.
                let mut log: Option<ScoreLog> = None;
                Box::new(archive.records(from)?.map(move |sealed| {
                    let sealed = sealed?;
                    match &mut log {
                        Some(log) => log.follow(&sealed)?,
                        None if sealed.seq == 0 => log.insert(ScoreLog::new()).follow(&sealed)?,
                        None => log = Some(ScoreLog::after(&sealed)),
                    }
                    Ok(sealed)
                }))
            }
        })
    }

    /// Recompute it, with a look at each record and at what all up to it come to. A pruned store begins with its header and
    /// the seal that it was pruned to.
    pub fn replay(
        self,
        registry: &Registry,
        mut each: impl FnMut(&Sealed, &Record, &Replay) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut replay: Option<Replay> = match &self {
            Self::Store(store) => store.beginning(registry)?,
            Self::Lines(_) | Self::Archive(_) => None,
        };
        let progress = Progress::of("records", self.count());
        for sealed in self.records(0)? {
            let sealed = sealed?;
            progress.set(sealed.seq);
            let record = match &mut replay {
                // What a store's beginning stands for is not applied twice.
                Some(replay) if sealed.seq < replay.log().len() => sealed.record()?,
                Some(replay) => replay.accept(&sealed)?,
                None => {
                    replay = Some(Replay::begin(&sealed, registry)?);
                    sealed.record()?
                }
            };
            if let Some(replay) = &replay {
                each(&sealed, &record, replay)?;
            }
        }
        replay.map(drop).ok_or_else(|| ReplayError::Empty.into())
    }
}
