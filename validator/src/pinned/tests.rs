//! Real miners, and somebody in the middle.

use std::{net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use localnet::{Genesis, GenesisNeuron, dev_account};
use model::{Backend, GenerateJob, Manifest, ModelError, TokenStream};
use primitives::{Digest, NetUid, ProofKind};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tempfile::TempDir;
use tokio::{io::copy_bidirectional, net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{axon::Axon, channels::Channels};

const DEADLINE: Duration = Duration::from_secs(10);

/// Describes itself, and answers nothing.
struct Mute(Manifest);

#[async_trait]
impl Backend for Mute {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    async fn generate(&self, _: GenerateJob) -> Result<TokenStream, ModelError> {
        Err(ModelError::Stopped)
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::Stopped)
    }
}

struct Scene {
    miner: miner::Handle,
    _node: localnet::Handle,
    _folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let mut genesis = Genesis::default();
        genesis.subnets[0].neurons = vec![GenesisNeuron {
            hotkey: dev_account("//Miner").hotkey(),
            coldkey: dev_account("//Bob").coldkey(),
            stake_rao: 0,
            validator_permit: false,
        }];
        let node = localnet::spawn(localnet::Config { genesis, ..localnet::Config::test() }).await.unwrap();
        let chain = chain::Client::connect(&node.url()).await.unwrap();
        let manifest = Manifest {
            name: "mute".into(),
            architecture: "none".into(),
            digest: Digest([1; 32]),
            files: Vec::new(),
            vocab_size: 1,
            max_context: 1,
            end_tokens: Vec::new(),
            proof: ProofKind::None,
            calibration: None,
        };
        let folder = TempDir::new().unwrap();
        let config = miner::Config { netuid: NetUid(1), ..miner::Config::test(folder.path()) };
        let miner = miner::spawn(config, dev_account("//Miner"), Arc::new(Mute(manifest)), chain).await.unwrap();
        Self { miner, _node: node, _folder: folder }
    }

    fn hotkey(&self) -> Option<Hotkey> {
        Some(self.miner.hotkey())
    }
}

/// A connection over TLS to wherever, to a key that is known or not.
async fn connect(address: SocketAddr, pinned: &Pinned) -> Result<Channel, Failure> {
    let connector = pinned.connector(Endpoint(address))?;
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap();
    endpoint.connect_with_connector(connector).await.map_err(Failure::Unreachable)
}

/// Somebody with a key of its own who passes everything on to the miner.
async fn in_the_middle(of: SocketAddr) -> (SocketAddr, JoinHandle<()>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["miner.assay".to_owned()]).unwrap().self_signed(&key).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap();
    let mut config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (listener, acceptor) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TlsAcceptor::from(Arc::new(config)));
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut onward = TcpStream::connect(of).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut stream, &mut onward).await });
        }
    });
    (address, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miner_vouches_for_its_key_and_for_no_other() {
    let scene = Scene::new().await;
    let address = scene.miner.addr();
    let unknown = Pinned::new(None);
    let channel = connect(address, &unknown).await.unwrap();
    unknown.vouch(channel.clone(), scene.hotkey(), DEADLINE).await.unwrap();
    unknown.vouch(channel.clone(), None, DEADLINE).await.unwrap();
    let other = dev_account("//Other").hotkey();
    let error = unknown.vouch(channel, Some(other), DEADLINE).await.unwrap_err();
    assert!(matches!(error, Failure::NotVouched(NotVouched::OtherHotkey(hotkey)) if Some(hotkey) == scene.hotkey()));
    assert_eq!(unknown.key.get(), Some(&scene.miner.tls_key()));

    let known = Pinned::new(Some(scene.miner.tls_key()));
    assert!(connect(address, &known).await.is_ok());
    assert!(connect(address, &Pinned::new(Some(TlsPin([1; 32])))).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stands_in_the_middle_is_seen() {
    let scene = Scene::new().await;
    let (middle, _task) = in_the_middle(scene.miner.addr()).await;
    let unknown = Pinned::new(None);
    let channel = connect(middle, &unknown).await.unwrap();
    let error = unknown.vouch(channel, scene.hotkey(), DEADLINE).await.unwrap_err();
    let Failure::NotVouched(NotVouched::OtherKey(OtherKey { presented, expected })) = error else {
        panic!("{error:?}");
    };
    assert_eq!((Some(&presented), expected), (unknown.key.get(), scene.miner.tls_key()));

    // Whoever has read the chain doesn't even finish the handshake.
    let known = Pinned::new(Some(scene.miner.tls_key()));
    assert!(matches!(connect(middle, &known).await, Err(Failure::Unreachable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announced_key_is_kept_to_even_on_this_machine() {
    let scene = Scene::new().await;
    let endpoint = Endpoint(scene.miner.addr());
    let channels = Channels::default();
    let wrong = Axon { endpoint, pin: Some(TlsPin([1; 32])) };
    assert!(matches!(channels.get(wrong, scene.hotkey(), DEADLINE).await, Err(Failure::Unreachable(_))));
    let right = Axon { endpoint, pin: Some(scene.miner.tls_key()) };
    assert!(channels.get(right, scene.hotkey(), DEADLINE).await.is_ok());
    // In the clear, where nothing was announced.
    assert!(channels.get(endpoint.into(), scene.hotkey(), DEADLINE).await.is_ok());
}
