//! A wire to a node on which one hears what is asked, and can change what is answered.

use std::{
    mem,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub struct Tap {
    addr: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tap {
    pub async fn on(node: SocketAddr) -> Self {
        Self::rewriting(node, |_| ()).await
    }

    /// `rewrite` may change an answer, not its length.
    pub async fn rewriting(node: SocketAddr, rewrite: impl Fn(&mut [u8]) + Copy + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        tokio::spawn(async move {
            while let Ok((inside, _)) = listener.accept().await {
                let outside = TcpStream::connect(node).await.unwrap();
                let ((in_read, in_write), (out_read, out_write)) = (inside.into_split(), outside.into_split());
                let heard = heard.clone();
                let hear = move |request: &mut [u8]| {
                    if let Ok(request) = serde_json::from_slice::<Value>(request) {
                        heard.lock().unwrap().push(request["method"].as_str().unwrap().to_owned());
                    }
                };
                tokio::spawn(pass(in_read, out_write, hear));
                tokio::spawn(pass(out_read, in_write, rewrite));
            }
        });
        Self { addr, asked }
    }

    pub fn url(&self) -> String {
        format!("ws://{}", self.addr)
    }

    /// The methods called since the last time.
    pub fn asked(&self) -> Vec<String> {
        mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// Pass the handshake on, then one frame after the other.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    touch: impl Fn(&mut [u8]),
) -> std::io::Result<()> {
    let mut handshake = Vec::new();
    while !handshake.ends_with(b"\r\n\r\n") {
        handshake.push(from.read_u8().await?);
    }
    to.write_all(&handshake).await?;
    loop {
        let mut frame = vec![0; 2];
        from.read_exact(&mut frame).await?;
        let more = match frame[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let masked = frame[1] & 0x80 != 0;
        let length = u64::from(frame[1] & 0x7f);
        let at = frame.len();
        frame.resize(at + more + if masked { 4 } else { 0 }, 0);
        from.read_exact(&mut frame[at..]).await?;
        let length =
            frame[at..at + more].iter().fold(length * u64::from(more == 0), |sum, byte| sum << 8 | u64::from(*byte));
        let mask: Vec<u8> = if masked { frame[at + more..].to_vec() } else { vec![0] };
        let head = frame.len();
        frame.resize(head + usize::try_from(length).unwrap(), 0);
        let payload = &mut frame[head..];
        from.read_exact(payload).await?;
        let flip =
            |payload: &mut [u8]| payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        flip(payload);
        touch(payload);
        flip(payload);
        to.write_all(&frame).await?;
    }
}
