//! `calibration.json` in a model's folder: what was measured of the model. It names the model's digest, so it is no part of
//! it.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use primitives::Digest;
use scoring::calibration::{MAX_CALIBRATION_BYTES, SignedCalibration};

use crate::ModelError;

/// The file's name.
pub const CALIBRATION_FILE: &str = "calibration.json";

/// The calibration in a model's folder; none where there is none. One of another model, or that somebody changed, is
/// refused.
pub(crate) fn read(folder: &Path, model: &Digest) -> Result<Option<SignedCalibration>, ModelError> {
    let path = folder.join(CALIBRATION_FILE);
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(MAX_CALIBRATION_BYTES as u64 + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ModelError::Read { path, source }),
    }
    let refused = |source| ModelError::Calibration { path: path.clone(), source };
    let signed = SignedCalibration::decode(&bytes).map_err(refused)?;
    signed.rules(model).map_err(refused)?;
    Ok(Some(signed))
}
