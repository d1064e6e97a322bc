//! Where folders may be: below what the operator named.

use std::path::{Component, Path, PathBuf};

use crate::FolderError;

/// A folder that a connection was granted: a place that the operator allows, and the way from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub(crate) allowed: PathBuf,
    /// Empty for the place itself.
    pub(crate) below: PathBuf,
    /// Something has to be mounted there.
    pub(crate) mounted: bool,
}

impl Place {
    /// The folder at `path`, when it lies in or below one of the places that are allowed.
    ///
    /// # Errors
    /// What is wrong with the path, or what to write where to allow it.
    pub fn find(path: &str, mounted: bool, allowed: &[PathBuf]) -> Result<Self, FolderError> {
        let path = plain(path)?;
        let within = |place: &PathBuf| path.strip_prefix(place).ok().map(|below| (place.clone(), below.to_owned()));
        // The longest one: fewer steps are taken without looking for links.
        let found = allowed.iter().filter_map(within).max_by_key(|(place, _)| place.components().count());
        let (allowed, below) = found.ok_or_else(|| {
            let path = path.display();
            FolderError::Forbidden(format!(
                "the folder `{path}` is not allowed: add it, or one above it, to `egress.folders` in sluse.toml, and start the host again"
            ))
        })?;
        Ok(Self { allowed, below, mounted })
    }

    /// As people know it.
    pub fn path(&self) -> PathBuf {
        self.allowed.join(&self.below)
    }
}

/// An absolute path that says where it leads.
///
/// # Errors
/// What is wrong with it.
fn plain(path: &str) -> Result<&Path, FolderError> {
    let parsed = Path::new(path);
    let is_plain = parsed.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    // `components` leaves out what it can do without.
    let is_written_plainly = !path.contains("//") && !path.split('/').any(|part| part == ".");
    if !parsed.is_absolute() || !is_plain || !is_written_plainly || path.contains('\0') {
        return Err(FolderError::Forbidden(format!(
            "`{}` is no place: write the whole path from `/` on, without `.` and `..`",
            path.escape_debug()
        )));
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> Vec<PathBuf> {
        ["/srv/sluse", "/srv/sluse/loen", "/mnt/prisme"].map(PathBuf::from).to_vec()
    }

    #[track_caller]
    fn check(path: &str, expected: Option<(&str, &str)>) {
        let found = Place::find(path, false, &allowed()).ok();
        let expected =
            expected.map(|(allowed, below)| Place { allowed: allowed.into(), below: below.into(), mounted: false });
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn a_folder_lies_below_what_is_allowed() {
        check("/mnt/prisme", Some(("/mnt/prisme", "")));
        check("/srv/sluse/ind/a", Some(("/srv/sluse", "ind/a")));
        check("/srv/sluse/loen/ind", Some(("/srv/sluse/loen", "ind")));
    }

    #[test]
    fn what_lies_elsewhere_is_refused() {
        for path in [
            "/",
            "/srv",
            "/srv/slusen",
            "/etc",
            "srv/sluse",
            "",
            "/srv/sluse/../../etc",
            "/srv/sluse/./a",
            "//srv/sluse",
        ] {
            check(path, None);
        }
    }
}
