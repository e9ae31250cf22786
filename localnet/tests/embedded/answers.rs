//! What the runtime APIs answer, spelled out a second time, from the chain's metadata: a mistake in the pallet's own
//! structs does not decode here.

use codec::{Compact, Decode};

type Account = [u8; 32];
type C16 = Compact<u16>;
type C64 = Compact<u64>;
type Text = Vec<Compact<u8>>;

#[derive(Clone, Debug, Default, Decode, PartialEq)]
pub struct SubnetIdentity {
    pub subnet_name: Vec<u8>,
    pub github_repo: Vec<u8>,
    pub subnet_contact: Vec<u8>,
    pub subnet_url: Vec<u8>,
    pub discord: Vec<u8>,
    pub description: Vec<u8>,
    pub logo_url: Vec<u8>,
    pub additional: Vec<u8>,
}

#[derive(Clone, Debug, Decode, PartialEq)]
pub struct Identity {
    pub name: Vec<u8>,
    pub url: Vec<u8>,
    pub github_repo: Vec<u8>,
    pub image: Vec<u8>,
    pub discord: Vec<u8>,
    pub description: Vec<u8>,
    pub additional: Vec<u8>,
}

#[derive(Clone, Debug, Default, Decode, PartialEq)]
pub struct Axon {
    pub block: u64,
    pub version: u32,
    pub ip: u128,
    pub port: u16,
    pub ip_type: u8,
    pub protocol: u8,
    pub placeholder1: u8,
    pub placeholder2: u8,
}

#[derive(Clone, Debug, Default, Decode, PartialEq)]
pub struct Prometheus {
    pub block: u64,
    pub version: u32,
    pub ip: u128,
    pub port: u16,
    pub ip_type: u8,
}

#[derive(Debug, Decode, PartialEq)]
pub struct Neuron {
    pub hotkey: Account,
    pub coldkey: Account,
    pub uid: C16,
    pub netuid: C16,
    pub active: bool,
    pub axon_info: Axon,
    pub prometheus_info: Prometheus,
    pub stake: Vec<(Account, C64)>,
    pub rank: C16,
    pub emission: C64,
    pub incentive: C16,
    pub consensus: C16,
    pub trust: C16,
    pub validator_trust: C16,
    pub dividends: C16,
    pub last_update: C64,
    pub validator_permit: bool,
    pub weights: Vec<(C16, C16)>,
    pub bonds: Vec<(C16, C16)>,
    pub pruning_score: C16,
}

#[derive(Debug, Decode, PartialEq)]
pub struct Subnet {
    pub netuid: C16,
    pub rho: C16,
    pub kappa: C16,
    pub difficulty: C64,
    pub immunity_period: C16,
    pub max_allowed_validators: C16,
    pub min_allowed_weights: C16,
    pub max_weights_limit: C16,
    pub scaling_law_power: C16,
    pub subnetwork_n: C16,
    pub max_allowed_uids: C16,
    pub blocks_since_last_step: C64,
    pub tempo: C16,
    pub network_modality: C16,
    pub network_connect: Vec<[u16; 2]>,
    pub emission_value: C64,
    pub burn: C64,
    pub owner: Account,
}

#[derive(Debug, Decode, PartialEq)]
pub struct Dynamic {
    pub netuid: C16,
    pub owner_hotkey: Account,
    pub owner_coldkey: Account,
    pub subnet_name: Text,
    pub token_symbol: Text,
    pub tempo: C16,
    pub last_step: C64,
    pub blocks_since_last_step: C64,
    pub emission: C64,
    pub alpha_in: C64,
    pub alpha_out: C64,
    pub tao_in: C64,
    pub alpha_out_emission: C64,
    pub alpha_in_emission: C64,
    pub tao_in_emission: C64,
    pub pending_alpha_emission: C64,
    pub pending_root_emission: C64,
    pub subnet_volume: Compact<u128>,
    pub network_registered_at: C64,
    pub subnet_identity: Option<SubnetIdentity>,
    pub moving_price: i128,
}

#[derive(Debug, Decode, PartialEq)]
pub struct State {
    pub netuid: C16,
    pub hotkeys: Vec<Account>,
    pub coldkeys: Vec<Account>,
    pub active: Vec<bool>,
    pub validator_permit: Vec<bool>,
    pub pruning_score: Vec<C16>,
    pub last_update: Vec<C64>,
    pub emission: Vec<C64>,
    pub dividends: Vec<C16>,
    pub incentives: Vec<C16>,
    pub consensus: Vec<C16>,
    pub trust: Vec<C16>,
    pub rank: Vec<C16>,
    pub block_at_registration: Vec<C64>,
    pub alpha_stake: Vec<C64>,
    pub tao_stake: Vec<C64>,
    pub total_stake: Vec<C64>,
    pub emission_history: Vec<Vec<C64>>,
}

macro_rules! graphs {
    ($($field:ident: $kind:ty,)*) => {
        #[derive(Debug, Decode, PartialEq)]
        pub struct Metagraph {
            pub netuid: C16,
            $(pub $field: $kind,)*
        }

        /// The same with every field left out that was not asked for, and two more.
        #[derive(Debug, Decode, PartialEq)]
        pub struct Selective {
            pub netuid: C16,
            $(pub $field: Option<$kind>,)*
            pub validators: Option<Vec<C16>>,
            pub commitments: Option<Vec<(Account, Text)>>,
        }

        impl From<Metagraph> for Selective {
            fn from(graph: Metagraph) -> Self {
                Self { netuid: graph.netuid, $($field: Some(graph.$field),)* validators: None, commitments: None }
            }
        }

        impl Selective {
            /// Which fields are there, the netuid aside.
            pub fn present(&self) -> Vec<&'static str> {
                let mut names = Vec::new();
                $(if self.$field.is_some() { names.push(stringify!($field)); })*
                names
            }
        }
    };
}

graphs! {
    name: Text,
    symbol: Text,
    identity: Option<SubnetIdentity>,
    network_registered_at: C64,
    owner_hotkey: Account,
    owner_coldkey: Account,
    block: C64,
    tempo: C16,
    last_step: C64,
    blocks_since_last_step: C64,
    subnet_emission: C64,
    alpha_in: C64,
    alpha_out: C64,
    tao_in: C64,
    alpha_out_emission: C64,
    alpha_in_emission: C64,
    tao_in_emission: C64,
    pending_alpha_emission: C64,
    pending_root_emission: C64,
    subnet_volume: Compact<u128>,
    moving_price: i128,
    rho: C16,
    kappa: C16,
    min_allowed_weights: C16,
    max_weights_limit: C16,
    weights_version: C64,
    weights_rate_limit: C64,
    activity_cutoff: C64,
    max_validators: C16,
    num_uids: C16,
    max_uids: C16,
    burn: C64,
    difficulty: C64,
    registration_allowed: bool,
    pow_registration_allowed: bool,
    immunity_period: C16,
    min_difficulty: C64,
    max_difficulty: C64,
    min_burn: C64,
    max_burn: C64,
    adjustment_alpha: C64,
    adjustment_interval: C16,
    target_regs_per_interval: C16,
    max_regs_per_block: C16,
    serving_rate_limit: C64,
    commit_reveal_weights_enabled: bool,
    commit_reveal_period: C64,
    liquid_alpha_enabled: bool,
    alpha_high: C16,
    alpha_low: C16,
    bonds_moving_avg: C64,
    hotkeys: Vec<Account>,
    coldkeys: Vec<Account>,
    identities: Vec<Option<Identity>>,
    axons: Vec<Axon>,
    active: Vec<bool>,
    validator_permit: Vec<bool>,
    pruning_score: Vec<C16>,
    last_update: Vec<C64>,
    emission: Vec<C64>,
    dividends: Vec<C16>,
    incentives: Vec<C16>,
    consensus: Vec<C16>,
    trust: Vec<C16>,
    rank: Vec<C16>,
    block_at_registration: Vec<C64>,
    alpha_stake: Vec<C64>,
    tao_stake: Vec<C64>,
    total_stake: Vec<C64>,
    tao_dividends_per_hotkey: Vec<(Account, C64)>,
    alpha_dividends_per_hotkey: Vec<(Account, C64)>,
}

#[derive(Debug, Decode, PartialEq)]
pub struct Stake {
    pub hotkey: Account,
    pub coldkey: Account,
    pub netuid: C16,
    pub stake: C64,
    pub locked: C64,
    pub emission: C64,
    pub tao_emission: C64,
    pub drain: C64,
    pub is_registered: bool,
}

#[derive(Debug, Decode, PartialEq)]
pub struct Delegate {
    pub hotkey: Account,
    pub take: C16,
    pub nominators: Vec<(Account, Vec<(C16, C64)>)>,
    pub owner: Account,
    pub registrations: Vec<C16>,
    pub validator_permits: Vec<C16>,
    pub return_per_1000: C64,
    pub total_daily_return: C64,
}

#[derive(Debug, Decode, PartialEq)]
pub struct Trade {
    pub tao_amount: u64,
    pub alpha_amount: u64,
    pub tao_fee: u64,
    pub alpha_fee: u64,
    pub tao_slippage: u64,
    pub alpha_slippage: u64,
}
