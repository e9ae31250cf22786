//! The miner's certificate: made by itself, known by its key. Nobody vouches for it but the hotkey, which signs the
//! key's pin in the manifest and announces it on chain.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::Arc,
};

use primitives::TlsPin;
use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
    version::TLS13,
};
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;

/// The name in the certificate, for clients that insist on comparing one.
const NAME: &str = "miner.assay";

/// A certificate and its key, ready to accept connections.
#[derive(Clone)]
pub(crate) struct Identity {
    pub pin: TlsPin,
    pub acceptor: TlsAcceptor,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("pin", &self.pin).finish_non_exhaustive()
    }
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The file can't be read or written.
    #[error("the file can't be read or written")]
    Io(#[source] io::Error),
    /// It is no PEM, or lacks a part.
    #[error("no certificate or no key in PEM")]
    Pem(#[source] pem::Error),
    /// The key is none of ours, or couldn't be made.
    #[error("the key is not one for ECDSA on P-256")]
    Key(#[source] rcgen::Error),
    /// Certificate and key don't belong together.
    #[error("certificate and key can't be used together")]
    Pair(#[source] rustls::Error),
}

impl Identity {
    /// The one in a file, which is made where there is none.
    pub(crate) fn load_or_make(path: &Path) -> Result<Self, IdentityError> {
        match fs::read_to_string(path) {
            Ok(pem) => Self::read(&pem),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let pem = make()?;
                write(path, &pem).map_err(IdentityError::Io)?;
                tracing::info!(path = %path.display(), "certificate made");
                Self::read(&pem)
            }
            // Not text.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(IdentityError::Pem(pem::Error::NoItemsFound))
            }
            Err(error) => Err(IdentityError::Io(error)),
        }
    }

    fn read(pem: &str) -> Result<Self, IdentityError> {
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(IdentityError::Pem)?;
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(IdentityError::Pem)?;
        let pair = KeyPair::try_from(&key).map_err(IdentityError::Key)?;
        let pin = TlsPin(Sha256::digest(pair.subject_public_key_info()).into());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .map_err(IdentityError::Pair)?;
        let mut config =
            config.with_no_client_auth().with_single_cert(vec![certificate], key).map_err(IdentityError::Pair)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self { pin, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }
}

/// A new certificate and its key.
fn make() -> Result<String, IdentityError> {
    // P-256: what every gRPC library speaks.
    let key = KeyPair::generate().map_err(IdentityError::Key)?;
    let params = CertificateParams::new([NAME.to_owned()]).map_err(IdentityError::Key)?;
    let certificate = params.self_signed(&key).map_err(IdentityError::Key)?;
    Ok(certificate.pem() + &key.serialize_pem())
}

/// Whole or not at all, and for the owner only.
fn write(path: &Path, pem: &str) -> io::Result<()> {
    let part = path.with_extension("pem.part");
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&part)?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()?;
    fs::rename(&part, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tls.pem");
        let made = Identity::load_or_make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Identity::load_or_make(&path).unwrap().pin, made.pin);
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (one, two) = (make().unwrap(), make().unwrap());
        let certificate = one.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap();
        let key = two.split_once("-----END CERTIFICATE-----\n").unwrap().1;
        let mixed = format!("{certificate}{key}");
        assert!(matches!(Identity::read(&mixed), Err(IdentityError::Pair(_))));
        assert!(matches!(Identity::read(certificate), Err(IdentityError::Pem(_))));
    }
}
