//! TLS to a key instead of a name: no authority vouches for a miner, but its hotkey does, on chain or in the
//! description that it signs.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use hyper_util::rt::TokioIo;
use primitives::{Endpoint, Hotkey, TlsPin};
use protos::{
    MAX_RESPONSE_BYTES, receipt,
    wire::{DescribeRequest, miner_client},
};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error as TlsError, OtherError,
    SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{WebPkiSupportedAlgorithms, ring, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::TLS13,
};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Uri};
use tower::Service;

use crate::answer::Failure;

/// The key at the other end: announced, or that of the first handshake, which somebody has to vouch for then.
#[derive(Clone, Debug)]
pub(crate) struct Pinned {
    key: Arc<OnceLock<TlsPin>>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// The key of a connection isn't the one that it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certificate's key is {presented}, not {expected}")]
pub struct OtherKey {
    /// What it is.
    pub presented: TlsPin,
    /// What it must be.
    pub expected: TlsPin,
}

/// Why a miner's description doesn't vouch for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotVouched {
    /// It is another miner's.
    #[error("{0} answers there")]
    OtherHotkey(Hotkey),
    /// It names another key.
    #[error(transparent)]
    OtherKey(#[from] OtherKey),
    /// It names none.
    #[error("the description names no key for TLS")]
    NoKey,
}

impl Pinned {
    pub(crate) fn new(pin: Option<TlsPin>) -> Self {
        let key = pin.map_or_else(OnceLock::new, OnceLock::from);
        Self { key: Arc::new(key), algorithms: ring::default_provider().signature_verification_algorithms }
    }

    /// Connects to an address, and to one key only.
    pub(crate) fn connector(&self, endpoint: Endpoint) -> Result<PinnedConnector, Failure> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .map_err(Failure::Tls)?;
        let verifier = Arc::new(self.clone());
        let mut config = config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        // Every connection is vouched for by its own handshake.
        config.resumption = rustls::client::Resumption::disabled();
        Ok(PinnedConnector { endpoint, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Ask the other end for its description, and see that the miner signed this key.
    pub(crate) async fn vouch(
        &self,
        channel: Channel,
        receiver: Option<Hotkey>,
        deadline: Duration,
    ) -> Result<(), Failure> {
        let ask = async {
            let mut miner = miner_client::MinerClient::new(channel).max_decoding_message_size(MAX_RESPONSE_BYTES);
            miner.describe(DescribeRequest {}).await
        };
        let response = tokio::time::timeout(deadline, ask).await.map_err(|_| Failure::Timeout(deadline))?;
        let response = response.map_err(|status| Failure::from_status(status, deadline))?.into_inner();
        let description = receipt::verify_description(&response)?;
        if receiver.is_some_and(|receiver| receiver != description.hotkey) {
            return Err(NotVouched::OtherHotkey(description.hotkey).into());
        }
        match (description.tls_key, self.key.get()) {
            (Some(expected), Some(presented)) if expected == *presented => Ok(()),
            (Some(expected), Some(presented)) => {
                Err(NotVouched::OtherKey(OtherKey { presented: *presented, expected }).into())
            }
            _ => Err(NotVouched::NoKey.into()),
        }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let parsed = webpki::EndEntityCert::try_from(certificate)
            .map_err(|_| TlsError::InvalidCertificate(CertificateError::BadEncoding))?;
        let presented = TlsPin(Sha256::digest(parsed.subject_public_key_info()).into());
        // A channel reconnects: to the key that it began with.
        let expected = *self.key.get_or_init(|| presented);
        if presented != expected {
            let other = OtherError(Arc::new(OtherKey { presented, expected }));
            return Err(TlsError::InvalidCertificate(CertificateError::Other(other)));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Err(TlsError::PeerIncompatible(rustls::PeerIncompatible::Tls12NotOffered))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

/// Makes connections to one miner.
#[derive(Clone)]
pub(crate) struct PinnedConnector {
    endpoint: Endpoint,
    tls: TlsConnector,
}

impl Service<Uri> for PinnedConnector {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { endpoint: Endpoint(address), tls } = self.clone();
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let name = ServerName::IpAddress(address.ip().into());
            Ok(TokioIo::new(tls.connect(name, stream).await?))
        })
    }
}

#[cfg(test)]
mod tests;
