//! Where a hotkey serves, and the key that its connections are secured with.

use primitives::{BlockHash, Certificate, Endpoint, Hotkey, Keypair, NetUid};
use subxt::dynamic::Value;

use crate::{
    ChainError, Client, Landed,
    call::number,
    metagraph::{NeuronCertificate, seat},
    storage::{At, SUBTENSOR},
};

/// What an axon announces as its protocol: the chain stores it, nobody reads it.
const PROTOCOL_GRPC: u8 = 4;
/// Bytes of a certificate's key.
const MAX_KEY: usize = 64;

impl Client {
    /// Announce where a registered hotkey serves.
    pub async fn serve_axon(
        &self,
        hotkey: &Keypair,
        netuid: NetUid,
        endpoint: Endpoint,
        version: u32,
    ) -> Result<Landed, ChainError> {
        self.serve(hotkey, netuid, endpoint.to_chain(), version, None).await
    }

    /// Announce where a registered hotkey serves, and with which key. The chain drops a certificate that it can't read
    /// without a word, so what it kept is read back.
    pub async fn serve_axon_tls(
        &self,
        hotkey: &Keypair,
        netuid: NetUid,
        endpoint: Endpoint,
        version: u32,
        certificate: &Certificate,
    ) -> Result<Landed, ChainError> {
        let size = certificate.public_key.len();
        if size > MAX_KEY {
            return Err(ChainError::TooLarge { what: "the certificate's key", size, limit: MAX_KEY });
        }
        let landed = self.serve(hotkey, netuid, endpoint.to_chain(), version, Some(certificate)).await?;
        let kept = self.certificate(netuid, hotkey.hotkey(), Some(landed.block.hash)).await?;
        if kept.as_ref() != Some(certificate) {
            let show = |certificate: &Certificate| hex::encode(&certificate.public_key);
            return Err(ChainError::NotKept {
                name: "the certificate".into(),
                asked: show(certificate),
                kept: kept.as_ref().map_or_else(|| "none".into(), show),
            });
        }
        Ok(landed)
    }

    /// Take an announcement back: address 0 is what the chain understands by that.
    pub async fn unserve_axon(&self, hotkey: &Keypair, netuid: NetUid) -> Result<Landed, ChainError> {
        // It wants some port, though.
        self.serve(hotkey, netuid, (0, 1, 4), 0, None).await
    }

    /// The key that a hotkey announced, at a block; at the finalised head where none is given.
    pub async fn certificate(
        &self,
        netuid: NetUid,
        hotkey: Hotkey,
        at: Option<BlockHash>,
    ) -> Result<Option<Certificate>, ChainError> {
        self.read_at(at, |at| async move {
            let entry = at.entry::<NeuronCertificate>("NeuronCertificates")?;
            Ok(at.value(&entry, (netuid.0, hotkey.0)).await?.map(Certificate::from))
        })
        .await
    }

    async fn serve(
        &self,
        hotkey: &Keypair,
        netuid: NetUid,
        (ip, port, ip_type): (u128, u16, u8),
        version: u32,
        certificate: Option<&Certificate>,
    ) -> Result<Landed, ChainError> {
        // The chain's own answer to an unregistered hotkey depends on the runtime's version: ask first.
        self.read_at(None, |at: At| async move { seat(&at, netuid, hotkey.hotkey()).await }).await?;
        let mut arguments = vec![
            ("netuid", number(netuid.0)),
            ("version", number(version)),
            ("ip", Value::u128(ip)),
            ("port", number(port)),
            ("ip_type", number(ip_type)),
            ("protocol", number(PROTOCOL_GRPC)),
            ("placeholder1", number(0u8)),
            ("placeholder2", number(0u8)),
        ];
        let call = match certificate {
            Some(certificate) => {
                let bytes = [&[certificate.algorithm], &certificate.public_key[..]].concat();
                arguments.push(("certificate", Value::from_bytes(bytes)));
                "serve_axon_tls"
            }
            None => "serve_axon",
        };
        self.call_with(hotkey, SUBTENSOR, call, arguments).await
    }
}
