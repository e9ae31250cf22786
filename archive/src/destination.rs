//! Where an archive is kept, out of a URL or a path: a folder, S3 and what speaks like it, Google Cloud Storage.
//!
//! Credentials come from the environment (`AWS_*`, `GOOGLE_*`, `SERVICE_ACCOUNT`), as those stores' own tools read
//! them, or from the machine that runs in their clouds.

use std::{
    env,
    path::{self, PathBuf},
    sync::{Arc, Once},
    time::Duration,
};

use object_store::{
    BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    gcp::{GoogleCloudStorageBuilder, GoogleConfigKey},
    local::LocalFileSystem,
    path::Path,
};
use url::Url;

use crate::fault::DestinationError;

/// A store, and where in it.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub store: Arc<dyn ObjectStore>,
    pub prefix: Path,
    /// Where it is a folder of this machine.
    pub folder: Option<PathBuf>,
    /// Whether no credentials were given, so that only a cloud's own machine has some.
    pub anonymous: bool,
}

/// How long a part may take to come or go: minutes, for a part of tens of megabytes on a slow line.
const TRANSFER_TIMEOUT: &str = "300 seconds";

impl Destination {
    /// From a URL or a path, and settings by the names of the stores' environment variables.
    pub fn parse(place: &str, settings: impl IntoIterator<Item = (String, String)>) -> Result<Self, DestinationError> {
        if !place.contains("://") {
            return Self::folder(PathBuf::from(place));
        }
        let url = Url::parse(place).map_err(|_| DestinationError::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(DestinationError::Credentials);
        }
        match url.scheme() {
            "file" => Self::folder(url.to_file_path().map_err(|()| DestinationError::Malformed)?),
            "s3" | "s3a" => Self::s3(&url, settings),
            "gs" => Self::gs(&url, settings),
            other => Err(DestinationError::Scheme(other.to_owned())),
        }
    }

    fn folder(path: PathBuf) -> Result<Self, DestinationError> {
        if path.as_os_str().is_empty() {
            return Err(DestinationError::Malformed);
        }
        let folder = path::absolute(path).map_err(DestinationError::Folder)?;
        let prefix = Path::from_absolute_path(&folder).map_err(object_store::Error::from)?;
        // A file counts once it, and its name, are on the disk.
        let store = LocalFileSystem::new().with_fsync(true);
        Ok(Self { store: Arc::new(store), prefix, folder: Some(folder), anonymous: false })
    }

    fn s3(url: &Url, settings: impl IntoIterator<Item = (String, String)>) -> Result<Self, DestinationError> {
        use AmazonS3ConfigKey::{
            AccessKeyId, Client, ContainerCredentialsFullUri, ContainerCredentialsRelativeUri, Endpoint,
            MetadataEndpoint, SkipSignature, WebIdentityTokenFile,
        };
        let (bucket, prefix) = bucket(url)?;
        let mut builder = AmazonS3Builder::new().with_config(Client(ClientConfigKey::Timeout), TRANSFER_TIMEOUT);
        for (name, value) in settings {
            if let Some(key) = name.starts_with("AWS_").then(|| name.to_ascii_lowercase().parse().ok()).flatten() {
                builder = builder.with_config(key, value);
            }
        }
        for key in [Endpoint, MetadataEndpoint] {
            check_endpoint(builder.get_config_value(&key))?;
        }
        let credentials = [
            AccessKeyId,
            WebIdentityTokenFile,
            ContainerCredentialsRelativeUri,
            ContainerCredentialsFullUri,
            SkipSignature,
        ];
        let anonymous =
            credentials.iter().all(|key| builder.get_config_value(key).is_none_or(|value| value == "false"));
        provide_cryptography();
        let store = builder.with_bucket_name(bucket).with_retry(retries()).build()?;
        Ok(Self { store: Arc::new(store), prefix, folder: None, anonymous })
    }

    fn gs(url: &Url, settings: impl IntoIterator<Item = (String, String)>) -> Result<Self, DestinationError> {
        use GoogleConfigKey::{
            ApplicationCredentials, BaseUrl, BearerToken, Client, ServiceAccount, ServiceAccountKey, SkipSignature,
        };
        let (bucket, prefix) = bucket(url)?;
        let timeout = Client(ClientConfigKey::Timeout);
        let mut builder = GoogleCloudStorageBuilder::new().with_config(timeout, TRANSFER_TIMEOUT);
        for (name, value) in settings {
            let ours = name.starts_with("GOOGLE_") || name == "SERVICE_ACCOUNT";
            if let Some(key) = ours.then(|| name.to_ascii_lowercase().parse().ok()).flatten() {
                builder = builder.with_config(key, value);
            }
        }
        check_endpoint(builder.get_config_value(&BaseUrl))?;
        let credentials = [ServiceAccount, ServiceAccountKey, ApplicationCredentials, BearerToken, SkipSignature];
        let anonymous =
            credentials.iter().all(|key| builder.get_config_value(key).is_none_or(|value| value == "false"));
        provide_cryptography();
        let store = builder.with_bucket_name(bucket).with_retry(retries()).build()?;
        Ok(Self { store: Arc::new(store), prefix, folder: None, anonymous })
    }
}

/// The settings of this process.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn bucket(url: &Url) -> Result<(&str, Path), DestinationError> {
    let bucket = url.host_str().filter(|host| !host.is_empty()).ok_or(DestinationError::Malformed)?;
    if url.port().is_some() {
        return Err(DestinationError::Malformed);
    }
    let prefix = Path::from_url_path(url.path()).map_err(object_store::Error::from)?;
    Ok((bucket, prefix))
}

/// Addresses are shown in errors, so nothing secret may be in them.
fn check_endpoint(endpoint: Option<String>) -> Result<(), DestinationError> {
    match endpoint.as_deref().map(Url::parse) {
        Some(Ok(url)) if !url.username().is_empty() || url.password().is_some() => Err(DestinationError::Credentials),
        _ => Ok(()),
    }
}

/// Few and soon over: whoever exports comes back, and a machine outside of a cloud must not wait minutes to be told
/// that it has no credentials.
fn retries() -> RetryConfig {
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(2),
        ..BackoffConfig::default()
    };
    RetryConfig { backoff, max_retries: 3, retry_timeout: Duration::from_secs(20) }
}

/// TLS takes the process's cryptography; where nobody chose one it is the one that the whole workspace has.
pub fn provide_cryptography() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Refused where another thread was faster, which serves as well.
            drop(rustls::crypto::ring::default_provider().install_default());
        }
    });
}
