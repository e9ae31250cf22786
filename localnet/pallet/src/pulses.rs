//! What the randomness beacon is to this pallet.

/// Reads the beacon's pulses and opens what is locked to them.
pub trait PulseSource {
    /// The last round that is known; 0 before the first.
    fn last_round() -> u64;

    /// The beacon's signature of a round, once it is known.
    fn signature(round: u64) -> Option<Vec<u8>>;

    /// Open a timelocked message with the signature of its round. None where that does not open it.
    fn decrypt(ciphertext: &[u8], signature: &[u8]) -> Option<Vec<u8>>;
}
