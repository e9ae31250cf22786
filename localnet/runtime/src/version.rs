//! The version that clients read and sign. A chain can raise its own, to see what clients make of it.

use frame_support::{storage::unhashed, traits::Get};
use sp_version::RuntimeVersion;

use crate::VERSION;

/// Where a chain keeps a spec version of its own.
const SPEC_VERSION_KEY: &[u8] = b":spec_version";

/// The version of the chain whose state is being read.
pub struct Version;

impl Version {
    /// Raise this chain's spec version by one. Returns it.
    pub fn bump_spec() -> u32 {
        let raised = Self::get().spec_version.saturating_add(1);
        unhashed::put(SPEC_VERSION_KEY, &raised);
        raised
    }
}

impl Get<RuntimeVersion> for Version {
    fn get() -> RuntimeVersion {
        let spec_version = unhashed::get(SPEC_VERSION_KEY).unwrap_or(VERSION.spec_version);
        RuntimeVersion { spec_version, ..VERSION }
    }
}
