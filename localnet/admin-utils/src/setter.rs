//! How a row of the table in `calls.rs` becomes a call.
//!
//! A row is `index name(arguments) [who, checks] what`. Who:
//! * `root`;
//! * `owner Parameter`: root or the subnet's owner; the owner by the clock of that hyperparameter, out of the freeze
//!   window;
//! * `owner clock Kind`: the same, by the clock of that kind of transaction;
//! * `owner unlimited`: the same, without a clock;
//! * `anyone`: the code gets the origin, and decides;
//! * `nobody`: the chain refuses it.
//!
//! Checks are functions of `checks` below, in order. What: `(Storage)` stores the last argument, under the first one
//! where there are two; `(Storage, Event)` says so, too; `{ code }` is anything else, `{ |owner| code }` if it depends
//! on who calls.

macro_rules! admin_utils {
    (@call $origin:ident ($($arg:ident)*) [root $(, $check:ident)*] $what:tt) => {{
        ensure_root($origin)?;
        admin_utils!(@check ($($arg)*) $($check)*);
        let owner: Option<T::AccountId> = None;
        admin_utils!(@change owner ($($arg)*) $what);
        Ok(())
    }};
    (@call $origin:ident $args:tt [owner clock $kind:ident $(, $check:ident)*] $what:tt) => {
        admin_utils!(@owner $origin (TransactionType::$kind) $args ($($check)*) $what)
    };
    (@call $origin:ident ($netuid:ident $($arg:ident)*) [owner unlimited $(, $check:ident)*] $what:tt) => {{
        let owner = Subtensor::<T>::ensure_subnet_owner_or_root($origin, $netuid)?;
        admin_utils!(@check ($netuid $($arg)*) open $($check)*);
        admin_utils!(@change owner ($netuid $($arg)*) $what);
        Ok(())
    }};
    (@call $origin:ident $args:tt [owner $parameter:ident $(, $check:ident)*] $what:tt) => {
        admin_utils!(@owner $origin (TransactionType::from(Hyperparameter::$parameter)) $args ($($check)*) $what)
    };
    (@call $origin:ident ($($arg:ident)*) [anyone] { |$by:ident| $($code:tt)* }) => {{
        let $by = $origin;
        $($code)*
    }};
    (@call $origin:ident ($($arg:ident)*) [nobody] ($error:ident)) => {{
        let _ = ($origin, $($arg),*);
        Err(Error::<T>::$error.into())
    }};

    (@owner $origin:ident ($kind:expr) ($netuid:ident $($arg:ident)*) ($($check:ident)*) $what:tt) => {{
        let kind = $kind;
        let owner = Subtensor::<T>::ensure_subnet_owner_or_root($origin, $netuid)?;
        if let Some(who) = &owner {
            Subtensor::<T>::ensure_passes_rate_limit(who, $netuid, kind)?;
        }
        admin_utils!(@check ($netuid $($arg)*) open $($check)*);
        admin_utils!(@change owner ($netuid $($arg)*) $what);
        if let Some(who) = &owner {
            kind.set_last_block_on_subnet::<T>(who, $netuid);
        }
        Ok(())
    }};

    (@check ($($arg:ident)*)) => {};
    (@check ($netuid:ident $($arg:ident)*) $($check:ident)+) => { $(checks::$check::<T>($netuid)?;)+ };

    (@change $owner:ident ($($arg:ident)*) { |$by:ident| $($code:tt)* }) => {{ let $by = &$owner; $($code)* }};
    (@change $owner:ident ($($arg:ident)*) { $($code:tt)* }) => {{ let _ = $owner; $($code)* }};
    (@change $owner:ident ($value:ident) ($store:ident $(, $event:ident)?)) => {{
        let _ = $owner;
        subtensor::$store::<T>::put($value);
        $(Subtensor::<T>::deposit_event(subtensor::Event::$event($value));)?
    }};
    (@change $owner:ident ($netuid:ident $value:ident) ($store:ident $(, $event:ident)?)) => {{
        let _ = &$owner;
        subtensor::$store::<T>::insert($netuid, $value);
        $(Subtensor::<T>::deposit_event(subtensor::Event::$event($netuid, $value));)?
    }};

    ($($(#[$doc:meta])* $index:literal $name:ident($($arg:ident: $type:ty),*) $who:tt $what:tt)*) => {
        #[frame_support::pallet]
        pub mod pallet {
            use frame_support::pallet_prelude::*;
            use frame_system::pallet_prelude::*;
            use pallet_subtensor::{
                self as subtensor, Hyperparameter, I64F64, I96F32, Pallet as Subtensor, RecycleOrBurnEnum,
                TransactionType, U64F64,
            };

            #[pallet::config]
            pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> + subtensor::Config {}

            #[pallet::pallet]
            pub struct Pallet<T>(_);

            /// What `SubtensorModule` has no event for.
            #[pallet::event]
            #[pallet::generate_deposit(pub(super) fn deposit_event)]
            pub enum Event<T: Config> {
                /// The bonds of Yuma 3 were switched.
                #[codec(index = 1)]
                Yuma3EnableToggled {
                    /// Where.
                    netuid: u16,
                    /// To what.
                    enabled: bool,
                },
                /// The resetting of bonds was switched.
                #[codec(index = 2)]
                BondsResetToggled {
                    /// Where.
                    netuid: u16,
                    /// To what.
                    enabled: bool,
                },
                /// Blocks in which the burn halves.
                #[codec(index = 3)]
                BurnHalfLifeSet {
                    /// Where.
                    netuid: u16,
                    /// How many.
                    burn_half_life: u16,
                },
                /// What each registration multiplies the burn by.
                #[codec(index = 4)]
                BurnIncreaseMultSet {
                    /// Where.
                    netuid: u16,
                    /// The factor.
                    burn_increase_mult: U64F64,
                },
                /// A subnet's TAO was switched.
                #[codec(index = 5)]
                SubnetEmissionEnabledSet {
                    /// Where.
                    netuid: u16,
                    /// To what.
                    enabled: bool,
                },
            }

            /// Every error of the chain, in its order: the index is what a client decodes.
            #[pallet::error]
            pub enum Error<T> {
                /// No such subnet.
                SubnetDoesNotExist,
                /// More validators than seats.
                MaxValidatorsLargerThanMaxUIds,
                /// Fewer seats than neurons.
                MaxAllowedUIdsLessThanCurrentUIds,
                /// More than an owner may set.
                BondsMovingAverageMaxReached,
                /// Only root may set a negative one.
                NegativeSigmoidSteepness,
                /// Out of bounds.
                ValueNotInBounds,
                /// There are not that many neurons.
                MinAllowedUidsGreaterThanCurrentUids,
                /// There may not be that many seats.
                MinAllowedUidsGreaterThanMaxAllowedUids,
                /// Fewer seats than the fewest allowed.
                MaxAllowedUidsLessThanMinAllowedUids,
                /// More seats than any subnet may have.
                MaxAllowedUidsGreaterThanDefaultMaxAllowedUids,
                /// Out of bounds.
                InvalidValue,
                /// Not on root.
                NotPermittedOnRootSubnet,
                /// There is no registration by proof of work any more.
                POWRegistrationDisabled,
                /// The call does nothing any more.
                Deprecated,
            }

            #[pallet::call]
            impl<T: Config> Pallet<T> {
                $(
                    $(#[$doc])*
                    #[pallet::call_index($index)]
                    #[pallet::weight(Weight::from_parts(30_000_000, 0))]
                    pub fn $name(origin: OriginFor<T>, $($arg: $type),*) -> DispatchResult {
                        admin_utils!(@call origin ($($arg)*) $who $what)
                    }
                )*
            }

            /// What a row may ask of a subnet.
            mod checks {
                use super::*;

                pub fn exists<T: Config>(netuid: u16) -> DispatchResult {
                    ensure!(subtensor::NetworksAdded::<T>::get(netuid), Error::<T>::SubnetDoesNotExist);
                    Ok(())
                }

                pub fn open<T: Config>(netuid: u16) -> DispatchResult {
                    Subtensor::<T>::ensure_admin_window_open(netuid)
                }

                pub fn not_root<T: Config>(netuid: u16) -> DispatchResult {
                    ensure!(netuid != subtensor::ROOT, Error::<T>::NotPermittedOnRootSubnet);
                    Ok(())
                }
            }
        }
    };
}
