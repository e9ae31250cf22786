//! Follows a dashboard for as long as somebody wants to know: what comes, and that nothing does.

use std::{net::IpAddr, time::Duration};

use dashboard::{Changes, Document, ReadError};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    failure::Usage,
    top::inlet::{Inlet, MAX_BYTES, Oversized},
};

/// A connection must stand after so long.
const CONNECT: Duration = Duration::from_secs(5);
/// A dashboard says something every five seconds.
const SILENCE: Duration = Duration::from_secs(20);
/// Between two attempts: doubled each time, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// What has come and was not looked at yet.
const BACKLOG: usize = 4;

/// What a dashboard says, and what becomes of the connection.
#[derive(Debug)]
pub enum News {
    /// All of it, after a connection was made.
    Whole(Box<Document>),
    /// Some parts.
    Changes(Box<Changes>),
    /// There is no connection, and another attempt follows after so long.
    Lost(FeedError, Duration),
}

/// Why nothing is known of a dashboard.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Nothing answers.
    #[error("no dashboard answers at {url}")]
    Unreachable {
        /// Where.
        url: Url,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// Something answers, and doesn't want to.
    #[error("{url} answers {status}: this shows a validator's dashboard, and no miner's page")]
    Refused {
        /// Where.
        url: Url,
        /// How.
        status: StatusCode,
    },
    /// What it says is not what dashboards say.
    #[error("what answers at {url} is no validator's dashboard")]
    Foreign {
        /// Where.
        url: Url,
        /// Why.
        #[source]
        source: Strange,
    },
    /// It was there, and is gone.
    #[error("the dashboard has hung up")]
    Ended,
}

/// What a stranger says.
#[derive(Debug, thiserror::Error)]
pub enum Strange {
    /// Too much.
    #[error(transparent)]
    Oversized(#[from] Oversized),
    /// No document.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Changes of nothing.
    #[error("it begins with changes")]
    Headless,
    /// A miner's own page.
    #[error("it is a miner's own page")]
    Miner,
}

/// A dashboard that is followed until this is dropped.
pub struct Feed {
    news: mpsc::Receiver<News>,
    _task: JoinSet<()>,
}

impl Feed {
    /// Of the dashboard at an address.
    pub fn of(url: Url) -> anyhow::Result<Self> {
        let client = client(&url)?;
        let (told, news) = mpsc::channel(BACKLOG);
        let mut task = JoinSet::new();
        task.spawn(follow(client, url, told));
        Ok(Self { news, _task: task })
    }

    /// What comes next; it goes on for ever.
    pub async fn next(&mut self) -> Option<News> {
        self.news.recv().await
    }
}

async fn follow(client: Client, url: Url, told: mpsc::Sender<News>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let mut connected = false;
        let Err(error) = listen(&client, &url, &told, &mut connected).await else { return };
        if connected {
            pause = FIRST_PAUSE;
        }
        if told.send(News::Lost(error, pause)).await.is_err() {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Listen to one stream until it ends, or until nobody wants to know.
async fn listen(client: &Client, url: &Url, told: &mpsc::Sender<News>, connected: &mut bool) -> Result<(), FeedError> {
    let strange = |source: Strange| FeedError::Foreign { url: url.clone(), source };
    let mut response = ask(client, url, "api/events").await?;
    let mut inlet = Inlet::default();
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return Err(FeedError::Ended),
            Err(_) if *connected => return Err(FeedError::Ended),
            Err(source) => return Err(FeedError::Unreachable { url: url.clone(), source }),
        };
        for event in inlet.take(&chunk).map_err(|error| strange(error.into()))? {
            let read = |error: ReadError| strange(error.into());
            let news = match event.name.as_str() {
                "subnet" => News::Whole(Box::new(Document::read(&event.data).map_err(read)?)),
                "miner" => return Err(strange(Strange::Miner)),
                "changes" if !*connected => return Err(strange(Strange::Headless)),
                "changes" => News::Changes(Box::new(Changes::read(&event.data).map_err(read)?)),
                // What a later version says besides.
                _ => continue,
            };
            *connected = true;
            if told.send(news).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// The document as it is now.
pub async fn once(url: &Url) -> anyhow::Result<Document> {
    let strange = |source: Strange| FeedError::Foreign { url: url.clone(), source };
    let mut response = ask(&client(url)?, url, "api/subnet.json").await?;
    let mut bytes = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|source| FeedError::Unreachable { url: url.clone(), source })?
    {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(strange(Oversized.into()).into());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Document::read(&bytes).map_err(|error| strange(error.into()))?)
}

async fn ask(client: &Client, url: &Url, path: &str) -> Result<Response, FeedError> {
    let unreachable = |source| FeedError::Unreachable { url: url.clone(), source };
    // The address was read as one that paths can be added to.
    let whole = url.join(path).unwrap_or_else(|_| url.clone());
    let response = client.get(whole).send().await.map_err(unreachable)?;
    match response.status() {
        StatusCode::OK => Ok(response),
        status => Err(FeedError::Refused { url: url.clone(), status }),
    }
}

fn client(url: &Url) -> anyhow::Result<Client> {
    archive::provide_cryptography();
    let client = Client::builder().connect_timeout(CONNECT).read_timeout(SILENCE);
    let here = url.host_str().is_some_and(|host| {
        host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    });
    // A proxy has no way to this very machine.
    let client = if here { client.no_proxy() } else { client };
    Ok(client.build()?)
}

/// An address as people write it: with or without `http://`, with or without a path.
pub fn address(text: &str) -> Result<Url, Usage> {
    let wrong = |why: &dyn std::fmt::Display| Usage(format!("--url {text} is no address of a dashboard: {why}"));
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let mut url = Url::parse(&whole).map_err(|error| wrong(&error))?;
    if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
        return Err(wrong(&"it begins with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Usage("--url: a password in an address would be shown on the screen and in errors".into()));
    }
    url.set_query(None);
    url.set_fragment(None);
    // What programs read is an address of the same dashboard.
    let path = url.path().trim_end_matches("/api/subnet.json").trim_end_matches('/');
    let path = format!("{path}/");
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, whole) in [
            ("127.0.0.1:9480", "http://127.0.0.1:9480/"),
            ("localhost:9480", "http://localhost:9480/"),
            ("http://node.example", "http://node.example/"),
            ("https://node.example/assay?once#seats", "https://node.example/assay/"),
            ("http://[::1]:9480/", "http://[::1]:9480/"),
            ("http://[::1]:9480/api/subnet.json", "http://[::1]:9480/"),
        ] {
            assert_eq!(address(text).unwrap().as_str(), whole);
        }
        for text in ["", "ftp://node.example", "http://", "http://a b", "http://me:secret@node.example"] {
            assert!(!address(text).unwrap_err().0.contains("secret"), "{text}");
        }
    }
}
