//! A row of weights, as it goes to the chain.

use codec::{Decode, Encode, Input};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::Uid;

/// Weights of one validator: sorted by uid, no duplicates. The chain never sorts, and unsorted rows change liquid
/// alpha: rows leave here sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Encode)]
#[serde(transparent)]
pub struct Weights(Vec<(Uid, u16)>);

/// Why pairs are not a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// A uid was named twice.
    #[error("uid {0} is named twice")]
    Duplicate(Uid),
}

impl Weights {
    /// From pairs in any order.
    pub fn new(pairs: impl IntoIterator<Item = (Uid, u16)>) -> Result<Self, WeightsError> {
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.sort_unstable_by_key(|(uid, _)| *uid);
        match pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(pair) => Err(WeightsError::Duplicate(pair[0].0)),
            None => Ok(Self(pairs)),
        }
    }

    /// Pairs, ascending by uid.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Uid, u16)> + '_ {
        self.0.iter().copied()
    }

    /// How many uids are named.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The weight on a uid; 0 where it is not named.
    pub fn get(&self, uid: Uid) -> u16 {
        self.0.binary_search_by_key(&uid, |(uid, _)| *uid).map_or(0, |at| self.0[at].1)
    }

    /// The uids, in the chain's argument form.
    pub fn uids(&self) -> Vec<u16> {
        self.0.iter().map(|(uid, _)| uid.0).collect()
    }

    /// The values, in the chain's argument form.
    pub fn values(&self) -> Vec<u16> {
        self.0.iter().map(|(_, value)| *value).collect()
    }
}

impl<'de> Deserialize<'de> for Weights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::<(Uid, u16)>::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl Decode for Weights {
    /// Rows in another order are another row's bytes: they are refused.
    fn decode<I: Input>(input: &mut I) -> Result<Self, codec::Error> {
        let pairs = Vec::<(Uid, u16)>::decode(input)?;
        match pairs.is_sorted_by(|a, b| a.0 < b.0) {
            true => Ok(Self(pairs)),
            false => Err("a row of weights is not in order".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_and_unique_by_construction() {
        let row = Weights::new([(Uid(3), 5), (Uid(1), 9)]).unwrap();
        assert_eq!((row.uids(), row.values()), (vec![1, 3], vec![9, 5]));
        assert_eq!((row.get(Uid(3)), row.get(Uid(2))), (5, 0));
        assert_eq!(Weights::new([(Uid(3), 5), (Uid(3), 9)]), Err(WeightsError::Duplicate(Uid(3))));
        let parsed: Weights = serde_json::from_str("[[3,5],[1,9]]").unwrap();
        assert_eq!(parsed, row);
        assert!(serde_json::from_str::<Weights>("[[3,5],[3,9]]").is_err());
        assert_eq!(Weights::decode(&mut &row.encode()[..]), Ok(row));
        assert!(Weights::decode(&mut &vec![(Uid(3), 5_u16), (Uid(1), 9)].encode()[..]).is_err());
    }
}
