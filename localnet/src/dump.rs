//! A chain in one file: its headers, the best block's transactions and state.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use codec::{Decode, DecodeAll as _, Encode};
use node_subtensor_runtime::{Header, VERSION};
use sp_core::{H256, blake2_256};
use sp_runtime::{Digest, traits::Header as _};

/// What such a file begins with.
const MAGIC: [u8; 16] = *b"assay localnet\0\0";
/// Raised with every change of what follows.
const FORMAT: u32 = 1;
/// Magic, format, length, checksum.
const PREAMBLE: usize = 16 + 4 + 8 + 32;

/// Why a chain can't be read from its file, or written to it.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The system refused.
    #[error("can't access {path}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something else.
    #[error("{path} is no dump of an embedded chain")]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// Written by another version of this crate.
    #[error("{path} has format {found}, but only format {known} is known")]
    Format {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// What can be read.
        known: u32,
    },
    /// Its state is one of another runtime.
    #[error("{path} is of runtime version {found}, but this is {known}")]
    Runtime {
        /// Which file.
        path: PathBuf,
        /// The spec version of its chain.
        found: u32,
        /// The spec version that runs here.
        known: u32,
    },
    /// Not as it was written.
    #[error("{path} is damaged")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// In what way.
        #[source]
        damage: Damage,
    },
    /// Two chains can't persist in one folder.
    #[error("another chain persists in {path}")]
    InUse {
        /// Which folder.
        path: PathBuf,
    },
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// Bytes are missing at its end, or there are too many.
    #[error("it has {found} bytes instead of {expected}")]
    Length {
        /// How many there are.
        found: u64,
        /// How many there were.
        expected: u64,
    },
    /// A bit changed.
    #[error("its checksum at byte {at} is another one")]
    Checksum {
        /// Where what was summed begins.
        at: u64,
    },
    /// Summed up well, but not what it should be.
    #[error("it can't be decoded")]
    Encoding(#[from] codec::Error),
    /// A header is not the child of the one before.
    #[error("block {number} does not follow the one before it")]
    Headers {
        /// Which block.
        number: u32,
    },
    /// The state is not the best block's.
    #[error("its state is not that of its best block")]
    State,
}

/// A chain at one block.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(crate) struct Dump {
    pub spec_version: u32,
    /// Which log goes on from here, for a chain that persists.
    pub generation: u64,
    pub genesis: Header,
    pub headers: Headers,
    /// The best block's transactions.
    pub body: Vec<Vec<u8>>,
    /// The best block's state.
    pub state: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Successive headers, without what follows from their place.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub(crate) struct Headers {
    pub first: u32,
    pub parent: H256,
    /// Roots of state and extrinsics, and the digest.
    pub sealed: Vec<(H256, H256, Digest)>,
}

impl Headers {
    /// The headers with their hashes.
    pub fn iter(&self) -> impl Iterator<Item = (H256, Header)> {
        (self.first..).zip(&self.sealed).scan(self.parent, |parent, (number, (state_root, extrinsics_root, digest))| {
            let header = Header::new(number, *extrinsics_root, *state_root, *parent, digest.clone());
            *parent = header.hash();
            Some((*parent, header))
        })
    }
}

impl Dump {
    /// The best block's header, where the headers are those of a chain.
    pub fn best(&self) -> Result<Header, Damage> {
        let damage = Damage::Headers { number: self.headers.first };
        let (mut headers, mut best) = (self.headers.iter(), None);
        if self.headers.first == 0 {
            best = headers.next();
            if best.as_ref().is_none_or(|(_, first)| *first != self.genesis) {
                return Err(damage);
            }
        }
        headers.last().or(best).map(|(_, header)| header).ok_or(damage)
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; PREAMBLE];
        self.encode_to(&mut bytes);
        let (preamble, payload) = bytes.split_at_mut(PREAMBLE);
        let length = (payload.len() as u64).to_le_bytes();
        let parts = [&MAGIC[..], &FORMAT.to_le_bytes(), &length, &blake2_256(payload)].concat();
        preamble.copy_from_slice(&parts);
        bytes
    }

    /// `path` is for errors.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, DumpError> {
        let foreign = || DumpError::Foreign { path: path.to_owned() };
        let damaged = |damage| DumpError::Damaged { path: path.to_owned(), damage };
        let rest = bytes.strip_prefix(&MAGIC).ok_or_else(foreign)?;
        let short = || damaged(Damage::Length { found: bytes.len() as u64, expected: PREAMBLE as u64 });
        let (format, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let format = u32::from_le_bytes(*format);
        if format != FORMAT {
            return Err(DumpError::Format { path: path.to_owned(), found: format, known: FORMAT });
        }
        let (length, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (checksum, payload) = rest.split_first_chunk::<32>().ok_or_else(short)?;
        let expected = u64::from_le_bytes(*length);
        if payload.len() as u64 != expected {
            let preamble = PREAMBLE as u64;
            let expected = expected.saturating_add(preamble);
            return Err(damaged(Damage::Length { found: payload.len() as u64 + preamble, expected }));
        }
        if blake2_256(payload) != *checksum {
            return Err(damaged(Damage::Checksum { at: PREAMBLE as u64 }));
        }
        let dump = Self::decode_all(&mut &*payload).map_err(|error| damaged(error.into()))?;
        if dump.spec_version != VERSION.spec_version {
            let (found, known) = (dump.spec_version, VERSION.spec_version);
            return Err(DumpError::Runtime { path: path.to_owned(), found, known });
        }
        Ok(dump)
    }

    pub fn read(path: &Path) -> Result<Self, DumpError> {
        let bytes = fs::read(path).map_err(|source| DumpError::Io { path: path.to_owned(), source })?;
        Self::from_bytes(&bytes, path)
    }

    /// Write it, so that the file is either as before or whole. Returns its size.
    pub fn write(&self, path: &Path) -> Result<u64, DumpError> {
        let bytes = self.to_bytes();
        replace(path, &bytes).map_err(|source| DumpError::Io { path: path.to_owned(), source })?;
        Ok(bytes.len() as u64)
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a link leads to is replaced, and nothing that is no file.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if path.exists() && !path.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file that could be replaced"));
    }
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    if written.is_err() {
        // What is left of it is of no use.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    // Its name is durable with the folder.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
