//! What is published, in the chain's own encoding.

use codec::{Decode, DecodeWithMemTracking, Encode, EncodeLike, Error, Input, MaxEncodedLen, Output};
use frame_support::{BoundedVec, CloneNoBound, DebugNoBound, PartialEqNoBound, traits::ConstU32, traits::Get};
use scale_info::{
    Path, Type, TypeInfo,
    build::{Fields, Variants},
};

/// Bytes of a timelocked field.
pub type Encrypted = BoundedVec<u8, ConstU32<1_024>>;
/// Bytes of a large field.
pub type Large = BoundedVec<u8, ConstU32<512>>;

/// A field. In its encoding the first byte says what it is, and of a short one also how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Data {
    /// Nothing.
    #[default]
    None,
    /// Up to 128 bytes.
    Raw(BoundedVec<u8, ConstU32<128>>),
    /// A BLAKE2-256 hash of what is kept elsewhere.
    BlakeTwo256([u8; 32]),
    /// A SHA-256 hash of what is kept elsewhere.
    Sha256([u8; 32]),
    /// A Keccak-256 hash of what is kept elsewhere.
    Keccak256([u8; 32]),
    /// A SHA3-256 hash of what is kept elsewhere.
    ShaThree256([u8; 32]),
    /// Published when the beacon signs a round.
    TimelockEncrypted {
        /// Locked to the round.
        encrypted: Encrypted,
        /// Which round.
        reveal_round: u64,
    },
    /// Asks for the hotkey's bonds to be forgotten.
    ResetBondsFlag,
    /// Up to 512 bytes.
    BigRaw(Large),
}

impl Data {
    /// Bytes that count towards what a hotkey may publish in an epoch.
    pub fn space(&self) -> u64 {
        let bytes = match self {
            Self::None | Self::ResetBondsFlag => 0,
            Self::Raw(bytes) => bytes.len(),
            Self::BlakeTwo256(hash) | Self::Sha256(hash) | Self::Keccak256(hash) | Self::ShaThree256(hash) => {
                hash.len()
            }
            Self::TimelockEncrypted { encrypted, .. } => encrypted.len(),
            Self::BigRaw(bytes) => bytes.len(),
        };
        bytes as u64
    }
}

const BLAKE_TWO_256: u8 = 130;
const SHA_256: u8 = 131;
const KECCAK_256: u8 = 132;
const SHA_THREE_256: u8 = 133;
const TIMELOCK_ENCRYPTED: u8 = 134;
const RESET_BONDS_FLAG: u8 = 135;
const BIG_RAW: u8 = 136;

impl Encode for Data {
    fn size_hint(&self) -> usize {
        usize::try_from(self.space()).unwrap_or_default().saturating_add(13)
    }

    fn encode_to<O: Output + ?Sized>(&self, to: &mut O) {
        match self {
            Self::None => to.push_byte(0),
            Self::Raw(bytes) => {
                // At most 128 of them.
                to.push_byte((bytes.len() as u8).saturating_add(1));
                to.write(bytes);
            }
            Self::BlakeTwo256(hash) => (BLAKE_TWO_256, hash).encode_to(to),
            Self::Sha256(hash) => (SHA_256, hash).encode_to(to),
            Self::Keccak256(hash) => (KECCAK_256, hash).encode_to(to),
            Self::ShaThree256(hash) => (SHA_THREE_256, hash).encode_to(to),
            Self::TimelockEncrypted { encrypted, reveal_round } => {
                (TIMELOCK_ENCRYPTED, encrypted, reveal_round).encode_to(to);
            }
            Self::ResetBondsFlag => to.push_byte(RESET_BONDS_FLAG),
            Self::BigRaw(bytes) => (BIG_RAW, bytes).encode_to(to),
        }
    }
}

impl EncodeLike for Data {}

impl Decode for Data {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        Ok(match input.read_byte()? {
            0 => Self::None,
            tag @ 1..=129 => {
                let mut bytes = vec![0; usize::from(tag - 1)];
                input.read(&mut bytes)?;
                Self::Raw(BoundedVec::truncate_from(bytes))
            }
            BLAKE_TWO_256 => Self::BlakeTwo256(Decode::decode(input)?),
            SHA_256 => Self::Sha256(Decode::decode(input)?),
            KECCAK_256 => Self::Keccak256(Decode::decode(input)?),
            SHA_THREE_256 => Self::ShaThree256(Decode::decode(input)?),
            TIMELOCK_ENCRYPTED => {
                Self::TimelockEncrypted { encrypted: Decode::decode(input)?, reveal_round: Decode::decode(input)? }
            }
            RESET_BONDS_FLAG => Self::ResetBondsFlag,
            BIG_RAW => Self::BigRaw(Decode::decode(input)?),
            _ => return Err("no such kind of field".into()),
        })
    }
}

impl DecodeWithMemTracking for Data {}

impl MaxEncodedLen for Data {
    fn max_encoded_len() -> usize {
        Encrypted::max_encoded_len().saturating_add(u64::max_encoded_len()).saturating_add(1)
    }
}

/// One variant for each length of a short field: `Raw7` is seven bytes.
macro_rules! raw {
    ($variants:ident: $($length:literal)*) => {
        $variants$(.variant(concat!("Raw", $length), |variant| {
            variant.index($length + 1).fields(Fields::unnamed().field(|field| field.ty::<[u8; $length]>()))
        }))*
    };
}

impl TypeInfo for Data {
    type Identity = Self;

    #[rustfmt::skip]
    fn type_info() -> Type {
        let variants = Variants::new().variant("None", |variant| variant.index(0));
        let mut variants = raw!(variants:
              0   1   2   3   4   5   6   7   8   9  10  11  12  13  14  15  16  17  18  19  20  21  22  23  24  25
             26  27  28  29  30  31  32  33  34  35  36  37  38  39  40  41  42  43  44  45  46  47  48  49  50  51
             52  53  54  55  56  57  58  59  60  61  62  63  64  65  66  67  68  69  70  71  72  73  74  75  76  77
             78  79  80  81  82  83  84  85  86  87  88  89  90  91  92  93  94  95  96  97  98  99 100 101 102 103
            104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 127 128
        );
        let hashes = [
            ("BlakeTwo256", BLAKE_TWO_256),
            ("Sha256", SHA_256),
            ("Keccak256", KECCAK_256),
            ("ShaThree256", SHA_THREE_256),
        ];
        for (name, index) in hashes {
            variants = variants.variant(name, |variant| {
                variant.index(index).fields(Fields::unnamed().field(|field| field.ty::<[u8; 32]>()))
            });
        }
        let variants = variants
            .variant("TimelockEncrypted", |variant| {
                let encrypted = Fields::named().field(|field| field.name("encrypted").ty::<Encrypted>());
                variant
                    .index(TIMELOCK_ENCRYPTED)
                    .fields(encrypted.field(|field| field.name("reveal_round").ty::<u64>()))
            })
            .variant("ResetBondsFlag", |variant| variant.index(RESET_BONDS_FLAG))
            .variant("BigRaw", |variant| {
                variant.index(BIG_RAW).fields(Fields::unnamed().field(|field| field.ty::<Large>()))
            });
        Type::builder().path(Path::new("Data", module_path!())).variant(variants)
    }
}

/// What a hotkey publishes.
#[derive(
    CloneNoBound, DebugNoBound, PartialEqNoBound, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[codec(mel_bound())]
#[scale_info(skip_type_params(FieldLimit))]
pub struct CommitmentInfo<FieldLimit: Get<u32>> {
    /// Its fields.
    pub fields: BoundedVec<Data, FieldLimit>,
}

/// What a hotkey published, and when.
#[derive(CloneNoBound, DebugNoBound, PartialEqNoBound, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
#[codec(mel_bound(Balance: MaxEncodedLen, BlockNumber: MaxEncodedLen))]
#[scale_info(skip_type_params(MaxFields))]
pub struct Registration<
    Balance: Clone + core::fmt::Debug + Eq,
    MaxFields: Get<u32>,
    BlockNumber: Clone + core::fmt::Debug + Eq,
> {
    /// Taken for it: nothing.
    pub deposit: Balance,
    /// The block of the last change.
    pub block: BlockNumber,
    /// What it is.
    pub info: CommitmentInfo<MaxFields>,
}

/// What a hotkey published in an epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct UsageTracker {
    /// Which epoch.
    pub last_epoch: u64,
    /// Bytes.
    pub used_space: u64,
}
