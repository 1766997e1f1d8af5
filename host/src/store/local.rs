//! Files of this machine, read in place and written without the runtime.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{Entry, Existing, SourceFile, StoreError};

/// An opened local file.
#[derive(Debug)]
pub(super) struct LocalFile {
    path: Arc<str>,
    size: u64,
    file: File,
}

impl LocalFile {
    /// Opens a listed file.
    pub(super) fn open(entry: &Entry) -> Result<Self, StoreError> {
        let failed = |error: io::Error| StoreError::system(Arc::clone(&entry.path), &error);
        let file = File::open(&entry.location).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let modified: DateTime<Utc> = metadata.modified().map_err(failed)?.into();
        let changed = |message: String| Err(StoreError::Changed { path: Arc::clone(&entry.path), message });
        if metadata.len() != entry.size {
            return changed(format!("it has {} bytes instead of {}", metadata.len(), entry.size));
        }
        if modified != entry.modified {
            return changed(format!("it was written at {modified} instead of {}", entry.modified));
        }
        Ok(Self { path: Arc::clone(&entry.path), size: entry.size, file })
    }
}

impl SourceFile for LocalFile {
    fn path(&self) -> &Arc<str> {
        &self.path
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, StoreError> {
        super::file::check_range(&self.path, self.size, offset, length)?;
        let mut buffer = vec![0; length];
        match self.file.read_exact_at(&mut buffer, offset) {
            Ok(()) => Ok(buffer.into()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(StoreError::Changed { path: Arc::clone(&self.path), message: "it became shorter".to_owned() })
            }
            Err(error) => Err(StoreError::system(Arc::clone(&self.path), &error)),
        }
    }
}

/// Writes a file whole or not at all: under a hidden name beside it, brought to the disk, then renamed.
pub(super) fn put(path: &Path, content: &[u8], existing: Existing) -> io::Result<()> {
    // What a link points to is replaced, not the link.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(io::Error::other("it is no regular file"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => io::Error::other("what should be its folder is a file"),
        _ => error,
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut file = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".unfinished")
        // As for any other file the rest is the user's umask.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    match existing {
        Existing::Replace => file.persist(path)?,
        Existing::Refuse => file.persist_noclobber(path)?,
    };
    // The new name is on the disk once its folder is.
    File::open(folder)?.sync_all()
}

/// Names relative to `root` of the files in `folder` and below.
pub(super) fn names(root: &Path, folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for item in walkdir::WalkDir::new(folder) {
        let item = match item {
            Ok(item) => item,
            Err(error) if error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound) => continue,
            Err(error) => return Err(error.into()),
        };
        // What is not written here need not have a name in UTF-8.
        let name = item.path().strip_prefix(root).ok().and_then(Path::to_str);
        if let Some(name) = name.filter(|_| item.file_type().is_file()) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}
