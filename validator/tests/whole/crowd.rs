//! A subnet in which half of the miners are none: they hang, send garbage, or drip.

use std::{collections::BTreeMap, fs, net::SocketAddr, sync::Arc, time::Duration};

use assay_validator::{Config, Handle};
use async_trait::async_trait;
use futures::future::join_all;
use localnet::dev_account;
use miner::Roster;
use model::{Backend, GenerateJob, Manifest, ModelError, TokenStream};
use primitives::{Certificate, Endpoint, Hotkey, TlsPin};
use rcgen::{CertificateParams, KeyPair, PublicKeyData as _};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer, version::TLS13};
use scoring::{Outcome, Record, Scored};
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    sync::watch,
    task::JoinSet,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use super::{
    get,
    scene::{NET, Oracle, Scene, seat},
};

const DEADLINE: Duration = Duration::from_millis(3_000);
const ROUNDS: usize = 5;

/// What a seat's miner does. Of forty: 30 % hang, 10 % send garbage, 10 % drip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Manner {
    Honest,
    /// Takes the request, and never answers.
    Silent,
    /// Takes the connection, and says nothing.
    Mute,
    /// The same where a handshake is due.
    MuteInHandshake,
    /// Endless bytes in the open.
    Noise,
    /// Endless bytes after a good handshake.
    NoiseInTls,
    /// After a good handshake, frames of HTTP/2 that mean nothing, a byte now and then.
    Drips,
}

impl Manner {
    const CROWD: [(Self, usize); 7] = [
        (Self::Honest, 20),
        (Self::Silent, 4),
        (Self::Mute, 4),
        (Self::MuteInHandshake, 4),
        (Self::Noise, 2),
        (Self::NoiseInTls, 2),
        (Self::Drips, 4),
    ];

    /// What becomes of a request to it. A connection that is too slow on a busy machine doesn't stand in time.
    fn outcomes(self) -> &'static [Outcome] {
        match self {
            Self::Honest => &[Outcome::Ok],
            Self::Silent | Self::Mute => &[Outcome::Timeout],
            Self::Drips => &[Outcome::Timeout, Outcome::Unreachable],
            Self::MuteInHandshake | Self::Noise | Self::NoiseInTls => &[Outcome::Unreachable],
        }
    }
}

/// The right model that takes every request and answers none.
struct Silent(Arc<dyn Backend>);

#[async_trait]
impl Backend for Silent {
    fn manifest(&self) -> &Manifest {
        self.0.manifest()
    }

    async fn generate(&self, _: GenerateJob) -> Result<TokenStream, ModelError> {
        std::future::pending().await
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        std::future::pending().await
    }
}

/// A certificate, as a miner makes one.
fn certificate() -> (TlsAcceptor, Certificate) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["crowd".to_owned()]).unwrap().self_signed(&key).unwrap();
    let pin = TlsPin(Sha256::digest(key.subject_public_key_info()).into());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(&[&TLS13]).unwrap().with_no_client_auth();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config = config.with_single_cert(vec![certificate.der().clone()], private).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    (TlsAcceptor::from(Arc::new(config)), pin.certificate())
}

/// What such a miner says to whoever connects; it listens to nothing.
async fn says(manner: Manner, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let hears = async { tokio::io::copy(&mut reader, &mut tokio::io::sink()).await.map(drop) };
    let speaks = async {
        match manner {
            Manner::Noise | Manner::NoiseInTls => {
                let noise: Vec<u8> = (0..1 << 16).map(|at: u32| (at.wrapping_mul(0x9e37_79b9) >> 24) as u8).collect();
                loop {
                    writer.write_all(&noise).await?;
                }
            }
            Manner::Drips => {
                // Settings, then pings.
                let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0].into_iter();
                let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8].into_iter();
                for byte in settings.chain(ping.cycle()) {
                    writer.write_all(&[byte]).await?;
                    writer.flush().await?;
                    sleep(Duration::from_millis(20)).await;
                }
                Ok(())
            }
            _ => std::future::pending::<std::io::Result<()>>().await,
        }
    };
    // Whoever hangs up is gone.
    let _ = futures::future::try_join(hears, speaks).await;
}

/// Everybody but the honest ones who is no real miner: where it listens, and what it announces.
async fn pose(manner: Manner, posers: &mut JoinSet<()>) -> (SocketAddr, Option<Certificate>) {
    let listener = TcpListener::bind("127.0.0.3:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (acceptor, certificate) = certificate();
    posers.spawn(async move {
        let mut visits = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            visits.spawn(async move {
                match manner {
                    Manner::NoiseInTls | Manner::Drips => {
                        if let Ok(secured) = acceptor.accept(stream).await {
                            says(manner, secured).await;
                        }
                    }
                    _ => says(manner, stream).await,
                }
            });
        }
    });
    let secured = matches!(manner, Manner::MuteInHandshake | Manner::NoiseInTls | Manner::Drips);
    (addr, secured.then_some(certificate))
}

fn median(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    numbers[numbers.len() / 2]
}

/// Memory of this process, in KiB: what it holds now, or at most ever.
fn memory_kib(what: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// So many more rounds; what was scored in them.
async fn rounds(scene: &Scene, validator: &Handle) -> Vec<Scored> {
    let seen = scene.records().len();
    let before = validator.status().borrow().rounds;
    scene.until(validator, |status| status.rounds >= before + ROUNDS as u64).await;
    let scored = scene.records().into_iter().skip(seen);
    scored.filter_map(|record| if let Record::Scored(scored) = record { Some(*scored) } else { None }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_subnet_of_faulty_miners_costs_the_others_nothing() {
    let crowd: Vec<(String, Manner)> = Manner::CROWD
        .into_iter()
        .flat_map(|(manner, count)| (0..count).map(move |index| (format!("//{manner:?}//{index}"), manner)))
        .collect();
    let scene = Scene::with(crowd.iter().map(|(uri, _)| seat(uri, 0)).collect()).await;
    let manners: BTreeMap<Hotkey, Manner> =
        crowd.iter().map(|(uri, manner)| (dev_account(uri).hotkey(), *manner)).collect();
    let metagraph = scene.chain.metagraph(NET, None).await.unwrap();
    let (_known, subnet) = watch::channel(Some(Arc::new(Roster::new(metagraph))));
    let (mut miners, mut posers, mut announced) = (Vec::new(), JoinSet::new(), Vec::new());
    for (index, (uri, manner)) in crowd.iter().enumerate() {
        let (addr, certificate) = match manner {
            Manner::Honest | Manner::Silent => {
                let oracle = Oracle::backend(1);
                let backend = if *manner == Manner::Honest { oracle } else { Arc::new(Silent(oracle)) };
                let config = miner::Config::test(&scene.folder.path().join(index.to_string()));
                let genesis = scene.chain.genesis();
                let served = miner::serve(&config, dev_account(uri), backend, genesis, subnet.clone());
                let served = served.await.unwrap();
                let announced = (served.addr(), Some(served.tls_key().certificate()));
                miners.push(served);
                announced
            }
            manner => pose(*manner, &mut posers).await,
        };
        announced.push((*manner, dev_account(uri), Endpoint(addr), certificate));
    }
    let announce = async |honest: bool| {
        let those = announced.iter().filter(|(manner, ..)| (*manner == Manner::Honest) == honest);
        let all = those.map(|(_, key, endpoint, certificate)| async {
            match certificate {
                Some(certificate) => scene.chain.serve_axon_tls(key, NET, *endpoint, 1, certificate).await.map(drop),
                None => scene.chain.serve_axon(key, NET, *endpoint, 1).await.map(drop),
            }
            .unwrap();
        });
        scene.run(join_all(all)).await;
    };
    let config = Config {
        request_deadline_ms: DEADLINE.as_millis() as u64,
        // More than there are faulty ones: they have their places, and the others theirs.
        concurrent_requests: 24,
        connect_deadline_ms: 2_000,
        dashboard_listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        ..scene.config()
    };

    // The honest ones among themselves.
    announce(true).await;
    let validator = scene.spawn(config).await.unwrap();
    let alone = rounds(&scene, &validator).await;
    assert!(alone.iter().all(|scored| scored.evidence.outcome == Outcome::Ok));
    let alone = median(alone.iter().map(|scored| scored.evidence.latency_us).collect());

    announce(false).await;
    // The round under way may have begun before.
    rounds(&scene, &validator).await;
    let held_kib = memory_kib("VmRSS");
    let among = rounds(&scene, &validator).await;
    let grown_kib = memory_kib("VmRSS").saturating_sub(held_kib);
    assert_eq!(among.len(), ROUNDS * crowd.len());
    for scored in &among {
        let manner = manners[&scored.miner.hotkey];
        let outcome = scored.evidence.outcome;
        assert!(manner.outcomes().contains(&outcome), "{manner:?}: {outcome}");
        assert_eq!(scored.score.nano(), if manner == Manner::Honest { 1_000_000_000 } else { 0 }, "{manner:?}");
    }
    let honest = among.iter().filter(|scored| scored.evidence.outcome == Outcome::Ok);
    let honest = median(honest.map(|scored| scored.evidence.latency_us).collect());
    let (_, document) = get(validator.dashboard_addr().unwrap(), "/api/subnet.json").await;
    let lasted = document["rounds"].as_array().unwrap().iter().rev().take(ROUNDS);
    let longest_ms = lasted.filter_map(|round| round["took_ms"].as_u64()).max().unwrap();
    println!(
        "honest latency {alone} us alone, {honest} us in the crowd; longest round {longest_ms} ms; {grown_kib} KiB grown, \
         {} KiB at most",
        memory_kib("VmHWM")
    );
    assert!(honest < 4 * alone + 50_000, "{honest} us, {alone} us alone");
    // Nobody waits for who waits: all faulty ones use up their deadlines at the same time.
    let bound = DEADLINE + DEADLINE / 2;
    assert!(Duration::from_millis(longest_ms) < bound, "a round took {longest_ms} ms");
    assert!(grown_kib < 64 << 10, "{grown_kib} KiB more than five rounds before");
    validator.shutdown().await;
}
