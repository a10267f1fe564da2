//! Where a history is kept: a directory or a bucket, through one interface. In: texts under names of two parts; out: the
//! same texts. Invariant: a text is whole or not there, and one that is there is never written over.

mod trouble;

use super::folder::HistoryError;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::JoinSet;
pub(super) use trouble::no_directory;
use trouble::{closed, place_error, unfit};
use url::Url;

/// Texts that are read at the same time: a bucket is far away.
const AT_ONCE: usize = 16;
/// Written and removed to see whether a place can be written to.
const PROBE: &str = ".probe";

/// Where a history is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A directory.
    Folder(PathBuf),
    /// A bucket: `s3://bucket/path`, `gs://…`, `az://…`.
    Bucket(Url),
}

impl Place {
    /// A path, or the address of a bucket or a directory.
    ///
    /// # Errors
    /// In words: for another scheme, and for an address with a password in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((scheme, _)) = text.split_once("://") else {
            return Ok(Self::Folder(text.into()));
        };
        let url = Url::parse(text).map_err(|e| format!("this is no address: {e}"))?;
        match scheme {
            "file" => url
                .to_file_path()
                .map(Self::Folder)
                .map_err(|()| "a directory of this machine is written `file:///path`".into()),
            "s3" | "gs" | "az" => bucket(url),
            _ => Err(format!(
                "a history is kept in a directory or under file://, s3://, gs:// or az://, not under {scheme}://"
            )),
        }
    }

    /// A path is one from this folder on.
    #[must_use]
    pub fn within(self, folder: &std::path::Path) -> Self {
        match self {
            Self::Folder(path) => Self::Folder(folder.join(path)),
            bucket @ Self::Bucket(_) => bucket,
        }
    }
}

fn bucket(url: Url) -> Result<Place, String> {
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err("what opens a bucket is read from the environment; leave it out here".into());
    }
    match url.host_str() {
        None | Some("") => Err("the bucket has no name: `s3://bucket/path`".into()),
        Some(_) => Ok(Place::Bucket(url)),
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Bucket(url) => write!(f, "{url}"),
        }
    }
}

/// A text with the folder and the name that it has in its place.
pub(super) struct Kept {
    pub(super) folder: String,
    pub(super) file: String,
    pub(super) text: String,
}

/// An open place.
pub(super) struct Store {
    place: Place,
    objects: Arc<dyn ObjectStore>,
    root: Path,
    runtime: tokio::runtime::Runtime,
}

impl Store {
    /// Opens a place; a directory has to be there.
    pub(super) fn open(place: &Place) -> Result<Self, HistoryError> {
        let other = |error: &dyn std::error::Error| place_error(place, error);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| other(&e))?;
        let (objects, root): (Arc<dyn ObjectStore>, Path) = match place {
            Place::Folder(path) => {
                unfit(path).map_or(Ok(()), Err)?;
                let store = LocalFileSystem::new_with_prefix(path).map_err(|e| other(&e))?;
                (Arc::new(store), Path::default())
            }
            Place::Bucket(url) => {
                let root = Path::from_url_path(url.path()).map_err(|e| other(&e))?;
                (cloud::connect(url).map_err(|e| closed(place, &*e))?, root)
            }
        };
        Ok(Self {
            place: place.clone(),
            objects,
            root,
            runtime,
        })
    }

    /// Writes something and removes it.
    pub(super) fn probe(&self) -> Result<(), HistoryError> {
        let path = self.path(&[PROBE])?;
        let probe = async {
            self.objects.put(&path, "x".into()).await?;
            // Who may only add may not remove: the probe stays, one for all.
            self.objects.delete(&path).await.ok();
            Ok(())
        };
        self.runtime.block_on(probe).map_err(|e| self.error(&e))
    }

    /// Puts a text where none is; one that is there stays.
    pub(super) fn add(&self, folder: &str, file: &str, text: String) -> Result<(), HistoryError> {
        let path = self.path(&[folder, file])?;
        let put = self
            .objects
            .put_opts(&path, text.into(), PutMode::Create.into());
        match self.runtime.block_on(put) {
            Err(error) if !matches!(error, Error::AlreadyExists { .. }) => Err(self.error(&error)),
            _ => Ok(()),
        }
    }

    /// Removes a text; one that is gone is no trouble.
    pub(super) fn remove(&self, folder: &str, file: &str) -> Result<(), HistoryError> {
        let path = self.path(&[folder, file])?;
        match self.runtime.block_on(self.objects.delete(&path)) {
            Err(error) if !matches!(error, Error::NotFound { .. }) => Err(self.error(&error)),
            _ => Ok(()),
        }
    }

    /// The texts of one folder; none where it is not there.
    pub(super) fn folder(&self, folder: &str) -> Result<Vec<Kept>, HistoryError> {
        let paths = [self.path(&[folder])?];
        let texts = self.runtime.block_on(self.texts(&paths));
        texts.map_err(|e| self.error(&e))
    }

    /// The texts of all folders.
    pub(super) fn all(&self) -> Result<Vec<Kept>, HistoryError> {
        let texts = self.runtime.block_on(async {
            let folders = self.objects.list_with_delimiter(Some(&self.root)).await?;
            self.texts(&folders.common_prefixes).await
        });
        texts.map_err(|e| self.error(&e))
    }

    /// Names that begin with a point are somebody else's: a file that is just being written, a folder of git.
    async fn texts(&self, folders: &[Path]) -> Result<Vec<Kept>, Error> {
        let mut paths = Vec::new();
        let visible = |path: &Path| path.filename().is_some_and(|name| !name.starts_with('.'));
        for folder in folders.iter().filter(|path| visible(path)) {
            let found = self.objects.list_with_delimiter(Some(folder)).await?;
            let found = found.objects.into_iter().map(|object| object.location);
            paths.extend(found.filter(|path| visible(path) && path.extension() == Some("json")));
        }
        let mut texts = Vec::new();
        for some in paths.chunks(AT_ONCE) {
            let mut reading = JoinSet::new();
            for path in some {
                reading.spawn(read(Arc::clone(&self.objects), path.clone()));
            }
            for text in reading.join_all().await {
                texts.extend(text?);
            }
        }
        Ok(texts)
    }

    fn path(&self, parts: &[&str]) -> Result<Path, HistoryError> {
        let root = self.root.as_ref();
        let parts = [root].into_iter().chain(parts.iter().copied());
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        Path::parse(parts.join("/")).map_err(|e| place_error(&self.place, &e))
    }

    fn error(&self, error: &Error) -> HistoryError {
        place_error(&self.place, error)
    }
}

/// One text; none where somebody else removed it in between.
async fn read(store: Arc<dyn ObjectStore>, path: Path) -> Result<Option<Kept>, Error> {
    let bytes = match store.get(&path).await {
        Err(Error::NotFound { .. }) => return Ok(None),
        found => found?.bytes().await?,
    };
    let mut parts = path.as_ref().rsplit('/').map(str::to_owned);
    let (file, folder) = (parts.next(), parts.next());
    Ok(Some(Kept {
        folder: folder.unwrap_or_default(),
        file: file.unwrap_or_default(),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }))
}

#[cfg(feature = "cloud")]
mod cloud {
    use object_store::aws::AmazonS3Builder;
    use object_store::azure::MicrosoftAzureBuilder;
    use object_store::gcp::GoogleCloudStorageBuilder;
    use object_store::{Error, ObjectStore, RetryConfig};
    use std::sync::Arc;
    use std::time::Duration;
    use url::Url;

    /// A bucket by what the environment says of it: `AWS_…`, `GOOGLE_…`, `AZURE_…`.
    pub(super) fn connect(url: &Url) -> Result<Arc<dyn ObjectStore>, Box<Error>> {
        let (text, retry) = (url.as_str(), retry());
        Ok(match url.scheme() {
            "gs" => Arc::new(
                GoogleCloudStorageBuilder::from_env()
                    .with_url(text)
                    .with_retry(retry)
                    .build()?,
            ),
            "az" => Arc::new(
                MicrosoftAzureBuilder::from_env()
                    .with_url(text)
                    .with_retry(retry)
                    .build()?,
            ),
            _ => Arc::new(
                AmazonS3Builder::from_env()
                    .with_url(text)
                    .with_retry(retry)
                    .build()?,
            ),
        })
    }

    /// A bucket that is not there is told before the load, not after three minutes.
    fn retry() -> RetryConfig {
        RetryConfig {
            max_retries: 3,
            retry_timeout: Duration::from_secs(20),
            ..RetryConfig::default()
        }
    }
}

#[cfg(not(feature = "cloud"))]
mod cloud {
    use object_store::ObjectStore;
    use std::sync::Arc;
    use url::Url;

    pub(super) fn connect(_: &Url) -> Result<Arc<dyn ObjectStore>, Box<dyn std::error::Error>> {
        Err("this tollgate was built without buckets; build it with `--features cloud`, or name a directory".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_paths_or_addresses_without_secrets() {
        for (text, expected) in [
            ("history", Place::Folder("history".into())),
            ("file:///var/history", Place::Folder("/var/history".into())),
            (
                "s3://b/a/c",
                Place::Bucket(Url::parse("s3://b/a/c").unwrap()),
            ),
            ("gs://b", Place::Bucket(Url::parse("gs://b").unwrap())),
            ("az://b/a", Place::Bucket(Url::parse("az://b/a").unwrap())),
        ] {
            assert_eq!(Place::parse(text), Ok(expected), "{text}");
        }
        for (text, words) in [
            ("ftp://b/a", "not under ftp://"),
            ("s3://key:secret@b/a", "from the environment"),
            ("s3://b/a?x-amz-signature=1", "from the environment"),
            ("s3:///a", "no name"),
            ("file://elsewhere/a", "file:///path"),
        ] {
            let said = Place::parse(text).unwrap_err();
            assert!(said.contains(words) && !said.contains("secret"), "{said}");
        }
    }
}
