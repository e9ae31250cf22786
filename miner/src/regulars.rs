//! Where those who have a seat came from last: a crowd of strangers doesn't take their place.

use std::collections::HashMap;

use primitives::Hotkey;

use crate::throttle::Source;

/// As many as a subnet has seats. Beyond that all are forgotten, and whoever comes back is known again.
const MAX: usize = 4_096;

/// One source for each hotkey that was served, so that a seat is worth no more than that to whoever buys one.
#[derive(Debug, Default)]
pub(crate) struct Regulars {
    by_hotkey: HashMap<Hotkey, Source>,
    /// How many of them each source has.
    sources: HashMap<Source, usize>,
}

impl Regulars {
    /// Somebody who has a seat was served.
    pub(crate) fn welcome(&mut self, hotkey: Hotkey, source: Source) {
        let before = self.by_hotkey.get(&hotkey).copied();
        if before == Some(source) {
            return;
        }
        if before.is_none() && self.by_hotkey.len() >= MAX {
            *self = Self::default();
        }
        if let Some(before) = before
            && let Some(count) = self.sources.get_mut(&before)
        {
            *count -= 1;
            if *count == 0 {
                self.sources.remove(&before);
            }
        }
        self.by_hotkey.insert(hotkey, source);
        *self.sources.entry(source).or_default() += 1;
    }

    pub(crate) fn knows(&self, source: &Source) -> bool {
        self.sources.contains_key(source)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn at(number: u32) -> Source {
        Source::of(IpAddr::V4(Ipv4Addr::from(number)))
    }

    fn hotkey(number: u32) -> Hotkey {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        Hotkey(bytes)
    }

    #[test]
    fn a_hotkey_is_at_one_source_and_a_source_may_have_several() {
        let mut regulars = Regulars::default();
        regulars.welcome(hotkey(1), at(1));
        regulars.welcome(hotkey(2), at(1));
        regulars.welcome(hotkey(1), at(2));
        regulars.welcome(hotkey(1), at(2));
        assert!(regulars.knows(&at(1)) && regulars.knows(&at(2)) && !regulars.knows(&at(3)));
        regulars.welcome(hotkey(2), at(2));
        assert!(!regulars.knows(&at(1)) && regulars.knows(&at(2)));
        (0..MAX as u32 * 2).for_each(|number| regulars.welcome(hotkey(number), at(number)));
        assert!(regulars.by_hotkey.len() <= MAX && regulars.sources.len() <= MAX);
        assert!(regulars.knows(&at(MAX as u32 * 2 - 1)));
    }
}
