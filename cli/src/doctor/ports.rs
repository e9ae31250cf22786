//! Where a program listens, and what it announces.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    time::Duration,
};

use crate::{
    doctor::{Finding, Role},
    identity::{here, is_local},
    settings::Settings,
};

const NAME: &str = "port";
const ANNOUNCED: &str = "announced address";
/// A miner on this machine says at once how it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the role can listen where it is told to, and whether what a miner announces can be reached by others.
pub async fn look(settings: &Settings, role: Option<Role>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match role {
        Some(Role::Miner) => {
            findings.push(listen("miner.listen", settings.miner.listen).await);
            findings.extend(settings.miner.metrics_listen.map(|address| bind("miner.metrics_listen", address)));
            findings.push(announced(settings));
        }
        Some(Role::Validator) => {
            findings.extend(settings.validator.metrics_listen.map(|address| bind("validator.metrics_listen", address)));
        }
        None => {}
    }
    findings
}

/// A miner's port may be taken by the miner itself.
async fn listen(setting: &str, address: SocketAddr) -> Finding {
    let finding = bind(setting, address);
    if finding.fix.is_none() || address.port() == 0 {
        return finding;
    }
    match miner::is_serving(here(address), PATIENCE).await {
        Ok(true) => Finding::ok(NAME, format!("a miner listens on {address} already, and serves")),
        Ok(false) => Finding::warning(
            NAME,
            format!("a miner listens on {address} already, and doesn't serve"),
            "see its log: it waits for the chain, for its seat or for its model",
        ),
        Err(_) => finding,
    }
}

fn bind(setting: &str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(NAME, format!("{setting} {address} is free")),
        Err(error) => {
            let fix = match error.kind() {
                io::ErrorKind::AddrInUse => {
                    format!("stop the process that has it (`ss -ltnp` names it), or set {setting} to another port")
                }
                io::ErrorKind::PermissionDenied => format!("set {setting} to a port from 1024 on"),
                _ => format!("set {setting} to an address of this machine, or to 0.0.0.0 and a port"),
            };
            Finding::failed(NAME, format!("{setting} {address} can't be listened on: {error}"), fix)
        }
    }
}

fn announced(settings: &Settings) -> Finding {
    let Some(endpoint) = settings.miner.announce else {
        let found = "none: only who knows the address comes";
        return Finding::warning(ANNOUNCED, found, "set miner.announce to the address that the world sees");
    };
    let local = is_local(settings.chain.furthest());
    match why_unreachable(endpoint.0.ip(), local) {
        None => {
            let port = endpoint.0.port();
            let port = if port == 0 { settings.miner.listen.port() } else { port };
            Finding::ok(
                ANNOUNCED,
                format!("{}; let TCP port {port} through the firewall", SocketAddr::new(endpoint.0.ip(), port)),
            )
        }
        Some(reason) => {
            let fix = "set miner.announce to the address that the world sees, and forward the port where a router stands between";
            Finding::failed(ANNOUNCED, format!("{endpoint} {reason}"), fix)
        }
    }
}

/// Why nobody else could come to an address; on a chain of this machine its own addresses will do.
fn why_unreachable(ip: IpAddr, local: bool) -> Option<&'static str> {
    let first = match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            // Subtensor takes neither.
            if ip.is_unspecified() || ip.octets() == [127, 0, 0, 1] || a == 0 {
                return Some("is refused by the chain");
            }
            match () {
                () if ip.is_loopback() => Some("is this machine's own"),
                () if ip.is_private() => Some("is of a private network"),
                () if ip.is_link_local() => Some("is of one link"),
                () if a == 100 && (64..128).contains(&b) => Some("is shared by a provider's customers"),
                () if ip.is_documentation() => Some("is an example"),
                () if ip.is_multicast() || a >= 240 => Some("is nobody's"),
                () => None,
            }
        }
        IpAddr::V6(ip) => {
            if ip.is_unspecified() || ip.is_loopback() {
                return Some("is refused by the chain");
            }
            match ip.segments() {
                [first, ..] if first & 0xfe00 == 0xfc00 => Some("is of a private network"),
                [first, ..] if first & 0xffc0 == 0xfe80 => Some("is of one link"),
                [0x2001, 0xdb8, ..] => Some("is an example"),
                [first, ..] if first & 0xff00 == 0xff00 => Some("is nobody's"),
                _ => None,
            }
        }
    };
    first.filter(|_| !local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn a_port_is_free_or_taken() {
        let taken = TcpListener::bind("127.0.0.2:0").unwrap();
        let address = taken.local_addr().unwrap();
        let finding = bind("miner.listen", address);
        assert_eq!(finding.state, State::Failed, "{finding:?}");
        assert!(finding.fix.unwrap().contains("another port"));
        drop(taken);
        assert_eq!(bind("miner.listen", address).state, State::Ok);
        // The address of a documentation network is nobody's here.
        let foreign = bind("miner.listen", "203.0.113.7:8091".parse().unwrap());
        assert!(foreign.fix.unwrap().contains("address of this machine"));
    }

    #[test]
    fn what_is_announced_can_be_reached() {
        for (ip, here, elsewhere) in [
            ("8.8.8.8", true, true),
            ("127.0.0.1", false, false),
            ("0.0.0.0", false, false),
            ("::1", false, false),
            ("127.0.0.2", true, false),
            ("10.1.2.3", true, false),
            ("172.16.9.9", true, false),
            ("192.168.1.7", true, false),
            ("169.254.1.1", true, false),
            ("100.64.0.1", true, false),
            ("100.128.0.1", true, true),
            ("203.0.113.7", true, false),
            ("240.0.0.1", true, false),
            ("fd00::1", true, false),
            ("fe80::1", true, false),
            ("2001:db8::1", true, false),
            ("2a00:1450::1", true, true),
        ] {
            let ip: IpAddr = ip.parse().unwrap();
            assert_eq!(why_unreachable(ip, true).is_none(), here, "{ip} on a chain of this machine");
            assert_eq!(why_unreachable(ip, false).is_none(), elsewhere, "{ip} on another");
        }
    }
}
