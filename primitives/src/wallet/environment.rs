//! A coldkey's password in the environment, as Bittensor's wallets leave it there: under a name made of the key file's
//! path, disguised rather than protected.

use std::path::{MAIN_SEPARATOR, Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::{Zeroize as _, Zeroizing};

/// The variable that holds the password of the key file at a path: `BT_PW_` and the path in capitals, with `_` for
/// every separator and every dot.
pub fn password_variable(path: &Path) -> String {
    format!("BT_PW_{}", path.to_string_lossy().replace([MAIN_SEPARATOR, '.'], "_").to_uppercase())
}

/// The password in a variable's value: base64 of its bytes, each combined by exclusive or with the variable's name. None
/// where the value is anything else.
pub fn password_in(variable: &str, value: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(STANDARD.decode(value).ok()?);
    for (byte, mask) in bytes.iter_mut().zip(variable.bytes().cycle()) {
        *byte ^= mask;
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Some(Zeroizing::new(text)),
        Err(error) => {
            error.into_bytes().zeroize();
            None
        }
    }
}
