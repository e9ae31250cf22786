//! What a coldkey or a subnet says of itself. Every field is text that its owner wrote.

use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

/// A coldkey's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[allow(missing_docs)]
pub struct ChainIdentityV2 {
    pub name: Vec<u8>,
    pub url: Vec<u8>,
    pub github_repo: Vec<u8>,
    pub image: Vec<u8>,
    pub discord: Vec<u8>,
    pub description: Vec<u8>,
    pub additional: Vec<u8>,
}

/// A subnet's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[allow(missing_docs)]
pub struct SubnetIdentityV3 {
    pub subnet_name: Vec<u8>,
    pub github_repo: Vec<u8>,
    pub subnet_contact: Vec<u8>,
    pub subnet_url: Vec<u8>,
    pub discord: Vec<u8>,
    pub description: Vec<u8>,
    pub logo_url: Vec<u8>,
    pub additional: Vec<u8>,
}

impl ChainIdentityV2 {
    /// Whether no field is too long. Together, all but `github_repo` may have 4096 bytes.
    pub fn is_valid(&self) -> bool {
        let Self { name, url, github_repo, image, discord, description, additional } = self;
        fit(&[name, url, github_repo, discord], 256)
            && fit(&[image, description, additional], 1_024)
            && [name, url, image, discord, description, additional].into_iter().map(Vec::len).sum::<usize>() <= 4_096
    }
}

impl SubnetIdentityV3 {
    /// Whether no field is too long.
    pub fn is_valid(&self) -> bool {
        let Self { subnet_name, github_repo, subnet_contact, subnet_url, discord, description, logo_url, additional } =
            self;
        fit(&[subnet_name, discord], 256)
            && fit(&[github_repo, subnet_contact, subnet_url, description, logo_url, additional], 1_024)
    }
}

fn fit(fields: &[&Vec<u8>], most: usize) -> bool {
    fields.iter().all(|field| field.len() <= most)
}
