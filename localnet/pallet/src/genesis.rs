//! What stands in block 0.

use frame_support::traits::fungible::Inspect;
use serde::{Deserialize, Serialize};

use crate::*;

/// A network that exists from the start, running.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenesisSubnet<AccountId> {
    /// Which; root (0) is always there.
    pub netuid: u16,
    /// Who owns it. What miners owned by this coldkey earn is burned, as on the chain.
    pub owner: AccountId,
    /// The owner's hotkey: it has seat 0 and never loses it.
    pub owner_hotkey: AccountId,
    /// TAO and alpha in its pool, in rao: their ratio is the price. The TAO is issued beside the balances.
    pub pool: (u64, u64),
    /// Its rules.
    pub hyperparameters: Hyperparameters,
    /// Neurons seated from the start, after the owner's.
    pub neurons: Vec<GenesisNeuron<AccountId>>,
}

/// A neuron seated in block 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenesisNeuron<AccountId> {
    /// Who sits.
    pub hotkey: AccountId,
    /// Who owns it.
    pub coldkey: AccountId,
    /// Alpha staked to it, in rao.
    pub stake: u64,
    /// Whether its weights count before the first epoch decides.
    pub validator_permit: bool,
}

/// The rules of a network at the start, with the chain's names. The default is what a new network gets on the chain,
/// but for commit-reveal, which is off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Hyperparameters {
    pub tempo: u16,
    pub immunity_period: u16,
    pub min_allowed_weights: u16,
    pub max_allowed_uids: u16,
    pub max_allowed_validators: u16,
    pub activity_cutoff_factor_milli: u32,
    pub weights_version_key: u64,
    pub weights_set_rate_limit: u64,
    pub serving_rate_limit: u64,
    pub registration_allowed: bool,
    pub burn: u64,
    pub min_burn: u64,
    pub max_burn: u64,
    pub kappa: u16,
    pub bonds_moving_average: u64,
    pub bonds_penalty: u16,
    pub yuma3_on: bool,
    pub liquid_alpha_on: bool,
    pub commit_reveal_weights_enabled: bool,
    pub min_non_immune_uids: u16,
}

impl Default for Hyperparameters {
    fn default() -> Self {
        Self {
            tempo: 360,
            immunity_period: 5_000,
            min_allowed_weights: 1,
            max_allowed_uids: 256,
            max_allowed_validators: 64,
            activity_cutoff_factor_milli: 13_889,
            weights_version_key: 0,
            weights_set_rate_limit: 100,
            serving_rate_limit: 50,
            registration_allowed: true,
            burn: 100_000_000,
            min_burn: 500_000,
            max_burn: 100_000_000_000,
            kappa: 32_767,
            bonds_moving_average: 900_000,
            bonds_penalty: u16::MAX,
            yuma3_on: true,
            liquid_alpha_on: false,
            commit_reveal_weights_enabled: false,
            min_non_immune_uids: 10,
        }
    }
}

impl Hyperparameters {
    /// Write them for a network.
    pub(crate) fn store<T: Config>(&self, netuid: u16) {
        Tempo::<T>::insert(netuid, self.tempo);
        ImmunityPeriod::<T>::insert(netuid, self.immunity_period);
        MinAllowedWeights::<T>::insert(netuid, self.min_allowed_weights);
        MaxAllowedUids::<T>::insert(netuid, self.max_allowed_uids);
        MaxAllowedValidators::<T>::insert(netuid, self.max_allowed_validators);
        ActivityCutoffFactorMilli::<T>::insert(netuid, self.activity_cutoff_factor_milli);
        WeightsVersionKey::<T>::insert(netuid, self.weights_version_key);
        WeightsSetRateLimit::<T>::insert(netuid, self.weights_set_rate_limit);
        ServingRateLimit::<T>::insert(netuid, self.serving_rate_limit);
        NetworkRegistrationAllowed::<T>::insert(netuid, self.registration_allowed);
        Burn::<T>::insert(netuid, self.burn);
        MinBurn::<T>::insert(netuid, self.min_burn);
        MaxBurn::<T>::insert(netuid, self.max_burn);
        Kappa::<T>::insert(netuid, self.kappa);
        BondsMovingAverage::<T>::insert(netuid, self.bonds_moving_average);
        BondsPenalty::<T>::insert(netuid, self.bonds_penalty);
        Yuma3On::<T>::insert(netuid, self.yuma3_on);
        LiquidAlphaOn::<T>::insert(netuid, self.liquid_alpha_on);
        CommitRevealWeightsEnabled::<T>::insert(netuid, self.commit_reveal_weights_enabled);
        MinNonImmuneUids::<T>::insert(netuid, self.min_non_immune_uids);
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn build_genesis(config: &GenesisConfig<T>) {
        StakeThreshold::<T>::put(config.stake_threshold);
        NetworkMinLockCost::<T>::put(config.network_min_lock_cost);
        NetworkLastLockCost::<T>::put(config.network_min_lock_cost);
        NetworkRateLimit::<T>::put(config.network_rate_limit);
        NetworksAdded::<T>::insert(ROOT, true);
        Tempo::<T>::insert(ROOT, 100);
        MaxAllowedUids::<T>::insert(ROOT, 64);
        SubtokenEnabled::<T>::insert(ROOT, true);
        TotalNetworks::<T>::put(1);
        TotalIssuance::<T>::put(T::Currency::total_issuance());
        // Both may be paid any amount, and root's may be emptied, without the account coming and going.
        for account in [Self::subnet_account(ROOT), Self::burn_account()] {
            Self::issue_tao(&account, T::Currency::minimum_balance());
        }
        for subnet in &config.subnets {
            let netuid = subnet.netuid;
            // Only the account of a subnet is refused.
            let _ = Self::create_account_if_absent(&subnet.owner, &subnet.owner_hotkey);
            Self::add_network(netuid, &subnet.owner, &subnet.owner_hotkey, &subnet.hyperparameters);
            let tao = Self::issue_tao(&Self::subnet_account(netuid), subnet.pool.0);
            Self::open_pool(netuid, tao, subnet.pool.1);
            // As if it had always had its price.
            let price = Self::alpha_price(netuid).min(U64F64::ONE);
            SubnetMovingPrice::<T>::insert(netuid, I96F32::from(price));
            Self::start_network(netuid, 1);
            for neuron in &subnet.neurons {
                let _ = Self::create_account_if_absent(&neuron.coldkey, &neuron.hotkey);
                let uid = Self::append_neuron(netuid, &neuron.hotkey, 0);
                if neuron.stake > 0 {
                    Self::mint_alpha_out(netuid, neuron.stake);
                    Self::increase_stake(&neuron.hotkey, &neuron.coldkey, netuid, neuron.stake);
                }
                if neuron.validator_permit {
                    ValidatorPermit::<T>::mutate(netuid, |permits| permits[usize::from(uid)] = true);
                }
            }
        }
    }
}
