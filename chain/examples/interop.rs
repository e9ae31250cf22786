//! What `interop.py` compares with Bittensor's own library, one answer a line. Run by `cargo xtask interop`.
//!
//! ```text
//! encrypt PUBLIC_KEY ROUND MESSAGE     -> CIPHERTEXT
//! decrypt SIGNATURE CIPHERTEXT         -> MESSAGE
//! row SIGNATURE CIPHERTEXT             -> HOTKEY VERSION_KEY UID:VALUE...
//! reveal LAST_EPOCH_BLOCK PENDING_EPOCH_AT EPOCH_INDEX TEMPO BLOCKS_SINCE_LAST_STEP HEAD REVEAL_PERIOD -> BLOCK
//! ```

use std::{
    error::Error,
    io::{BufRead, Write, stdin, stdout},
};

use assay_chain::{WeightsPayload, decrypt, encrypt};
use primitives::EpochSchedule;

fn main() -> Result<(), Box<dyn Error>> {
    for line in stdin().lock().lines() {
        writeln!(stdout(), "{}", answer(&line?)?)?;
    }
    Ok(())
}

fn answer(line: &str) -> Result<String, Box<dyn Error>> {
    let words: Vec<&str> = line.split(' ').collect();
    Ok(match words[..] {
        ["encrypt", key, round, message] => {
            hex::encode(encrypt(&hex::decode(key)?, round.parse()?, &hex::decode(message)?)?)
        }
        ["decrypt", signature, ciphertext] => {
            hex::encode(decrypt(&hex::decode(ciphertext)?, &hex::decode(signature)?)?)
        }
        ["row", signature, ciphertext] => {
            let message = decrypt(&hex::decode(ciphertext)?, &hex::decode(signature)?)?;
            let WeightsPayload { hotkey, weights, version_key } = WeightsPayload::decode(&message)?;
            let hotkey = hotkey.ok_or("a row of nobody")?;
            let row: Vec<String> = weights.iter().map(|(uid, value)| format!("{uid}:{value}")).collect();
            format!("{} {version_key} {}", hex::encode(hotkey.0), row.join(" "))
        }
        ["reveal", last, pending, index, tempo, waited, head, period] => {
            let schedule = EpochSchedule {
                tempo: tempo.parse()?,
                last_epoch_block: last.parse()?,
                pending_epoch_at: pending.parse()?,
                epoch_index: index.parse()?,
                blocks_since_last_step: waited.parse()?,
            };
            let block = schedule.reveal_block(head.parse()?, period.parse()?);
            block.map_or("none".to_owned(), |block| block.to_string())
        }
        _ => return Err(format!("unknown: {line}").into()),
    })
}
