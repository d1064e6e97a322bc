//! Why a folder does not do what it is asked, in words for whoever runs the host: what the system says, and what to mend
//! where.

use std::path::Path;

use rustix::io::Errno;

/// Why a folder does not do what it is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// A rule refuses it, and will again.
    #[error("{0}")]
    Forbidden(String),
    /// No file may be called so, or have so many bytes.
    #[error("{0}")]
    Invalid(String),
    /// Another file of this name is there.
    #[error("{0}")]
    Conflict(String),
    /// It cannot be done now.
    #[error("{0}")]
    Unavailable(String),
}

/// What the system says of a folder, with what to do about it.
pub(crate) fn explain(error: Errno, folder: &Path) -> FolderError {
    let folder = folder.display();
    FolderError::Unavailable(match error {
        Errno::LOOP | Errno::XDEV => {
            return FolderError::Forbidden(format!(
                "the folder `{folder}` leads elsewhere by a link: name the place itself in `grant.folders`"
            ));
        }
        Errno::NAMETOOLONG => {
            return FolderError::Forbidden(format!(
                "the path `{folder}`, or a name in it, is longer than its file system takes: name a shorter one in \
                 `grant.folders`"
            ));
        }
        Errno::NOENT => format!("the folder `{folder}` is not there: make it, or mount it again"),
        Errno::NOTDIR => format!("`{folder}`, or what it should be in, is a file: put a folder in its place"),
        Errno::ACCESS => {
            format!("this host may not use the folder `{folder}`: its user needs the right to read and write there")
        }
        Errno::PERM => format!(
            "the folder `{folder}` allows no change to what is in it: see whether it, or a file in it, is marked as \
             immutable or append-only (`lsattr`), or the share forbids it"
        ),
        Errno::ROFS => {
            format!("the folder `{folder}` is mounted to be read only: mount it to be written as well (`rw`)")
        }
        Errno::NOSPC => {
            format!("there is no room left for the folder `{folder}`: make room on the disk or the share that it is on")
        }
        Errno::DQUOT => format!(
            "there is no room left for the folder `{folder}` in the quota of this host's user: raise it, or remove files"
        ),
        Errno::FBIG => format!("the file is larger than the folder `{folder}`, or `ulimit -f` of this host, takes"),
        Errno::STALE => format!("the share behind the folder `{folder}` was replaced by its server: mount it again"),
        Errno::IO | Errno::REMOTEIO | Errno::NODEV | Errno::NXIO => format!(
            "the disk or the share behind the folder `{folder}` fails ({error}): see what the kernel says about it (`dmesg`)"
        ),
        error if is_of_the_network(error) => {
            format!("the share behind the folder `{folder}` does not answer ({error}): see whether its server is there")
        }
        Errno::BUSY | Errno::AGAIN | Errno::TXTBSY => {
            format!("another program holds what is in the folder `{folder}`: see which one has a file open there")
        }
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => {
            format!(
                "this host has too much open to use the folder `{folder}` ({error}): raise its limit (`LimitNOFILE`)"
            )
        }
        Errno::NOSYS => format!("the folder `{folder}` cannot be opened safely: Linux 5.6 or newer is needed"),
        error => format!("the folder `{folder}` cannot be used now: {error}"),
    })
}

fn is_of_the_network(error: Errno) -> bool {
    matches!(
        error,
        Errno::HOSTDOWN
            | Errno::HOSTUNREACH
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::NETRESET
            | Errno::NOTCONN
            | Errno::CONNREFUSED
            | Errno::CONNRESET
            | Errno::CONNABORTED
            | Errno::SHUTDOWN
            | Errno::PIPE
            | Errno::TIMEDOUT
    )
}

/// What the system says of a file that is to be read, or to get this name: what it says of the folder is meant otherwise.
pub(crate) fn explain_file(error: Errno, file: &str, folder: &Path) -> FolderError {
    let shown = folder.display();
    match error {
        Errno::ACCESS => FolderError::Unavailable(format!(
            "this host may not use `{file}` in the folder `{shown}`: its user needs the right to read and write there"
        )),
        Errno::LOOP | Errno::XDEV | Errno::ISDIR => {
            FolderError::Conflict(format!("`{file}` in the folder `{shown}` is no file: take it away"))
        }
        Errno::NAMETOOLONG => FolderError::Invalid(format!(
            "the file name `{file}` is longer than the folder `{shown}` takes: give it a shorter one"
        )),
        error => explain(error, folder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: &FolderError) -> (&'static str, &str) {
        match error {
            FolderError::Forbidden(reason) => ("forbidden", reason),
            FolderError::Invalid(reason) => ("invalid", reason),
            FolderError::Conflict(reason) => ("conflict", reason),
            FolderError::Unavailable(reason) => ("unavailable", reason),
        }
    }

    #[test]
    fn what_the_system_says_of_a_folder_says_what_to_mend() {
        for (error, class, mend) in [
            (Errno::NOENT, "unavailable", "make it, or mount it again"),
            (Errno::NOTDIR, "unavailable", "put a folder in its place"),
            (Errno::ACCESS, "unavailable", "its user needs the right to read and write there"),
            (Errno::PERM, "unavailable", "immutable"),
            (Errno::ROFS, "unavailable", "mount it to be written"),
            (Errno::NOSPC, "unavailable", "make room on the disk"),
            (Errno::DQUOT, "unavailable", "quota"),
            (Errno::FBIG, "unavailable", "`ulimit -f`"),
            (Errno::IO, "unavailable", "`dmesg`"),
            (Errno::NODEV, "unavailable", "`dmesg`"),
            (Errno::STALE, "unavailable", "mount it again"),
            (Errno::TIMEDOUT, "unavailable", "see whether its server is there"),
            (Errno::HOSTDOWN, "unavailable", "see whether its server is there"),
            (Errno::HOSTUNREACH, "unavailable", "see whether its server is there"),
            (Errno::NOTCONN, "unavailable", "see whether its server is there"),
            (Errno::BUSY, "unavailable", "has a file open there"),
            (Errno::TXTBSY, "unavailable", "has a file open there"),
            (Errno::MFILE, "unavailable", "`LimitNOFILE`"),
            (Errno::NFILE, "unavailable", "`LimitNOFILE`"),
            (Errno::NOSYS, "unavailable", "Linux 5.6"),
            (Errno::LOOP, "forbidden", "`grant.folders`"),
            (Errno::XDEV, "forbidden", "`grant.folders`"),
            (Errno::NAMETOOLONG, "forbidden", "`grant.folders`"),
            (Errno::PROTO, "unavailable", "Protocol error"),
        ] {
            let explained = explain(error, Path::new("/srv/løn"));
            let (told_class, reason) = told(&explained);
            assert_eq!(told_class, class, "{error:?}: {reason}");
            assert!(reason.contains(mend) && reason.contains("`/srv/løn`"), "{error:?}: {reason}");
        }
    }

    #[test]
    fn what_the_system_says_of_a_file_names_the_file() {
        for (error, class, mend) in [
            (Errno::ACCESS, "unavailable", "may not use `a.txt`"),
            (Errno::LOOP, "conflict", "`a.txt` in the folder `/srv/løn` is no file"),
            (Errno::ISDIR, "conflict", "is no file"),
            (Errno::NAMETOOLONG, "invalid", "give it a shorter one"),
            (Errno::NOSPC, "unavailable", "make room on the disk"),
        ] {
            let explained = explain_file(error, "a.txt", Path::new("/srv/løn"));
            let (told_class, reason) = told(&explained);
            assert_eq!(told_class, class, "{error:?}: {reason}");
            assert!(reason.contains(mend), "{error:?}: {reason}");
        }
    }
}
