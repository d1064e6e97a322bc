//! Why a folder does not do what it is asked, in words for whoever runs the host.

use std::path::Path;

use rustix::io::Errno;

/// Why a folder does not do what it is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// A rule refuses it, and will again.
    #[error("{0}")]
    Forbidden(String),
    /// Another file of this name is there.
    #[error("{0}")]
    Conflict(String),
    /// It cannot be done now.
    #[error("{0}")]
    Unavailable(String),
}

/// What the system says, with what to do about it.
pub(crate) fn explain(error: Errno, folder: &Path) -> FolderError {
    let folder = folder.display();
    FolderError::Unavailable(match error {
        Errno::NOENT | Errno::NOTDIR => format!("the folder `{folder}` is not there: make it, or mount it again"),
        Errno::LOOP | Errno::XDEV => {
            return FolderError::Forbidden(format!(
                "the folder `{folder}` leads elsewhere by a link: name the place itself in `grant.folders`"
            ));
        }
        Errno::ACCESS | Errno::PERM => {
            format!("this host may not use the folder `{folder}`: its user needs the right to read and write there")
        }
        Errno::ROFS => format!("the folder `{folder}` is mounted to be read only"),
        Errno::NOSPC | Errno::DQUOT => format!("there is no room left for the folder `{folder}`"),
        Errno::STALE | Errno::HOSTDOWN | Errno::HOSTUNREACH | Errno::NOTCONN | Errno::TIMEDOUT | Errno::IO => {
            format!("the share behind the folder `{folder}` does not answer ({error}): see whether it is mounted")
        }
        Errno::BUSY | Errno::AGAIN | Errno::TXTBSY => format!("somebody else holds what is in the folder `{folder}`"),
        error => format!("the folder `{folder}` cannot be used now: {error}"),
    })
}
