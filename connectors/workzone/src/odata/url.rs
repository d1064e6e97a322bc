//! Addresses below the service's root. The root itself is the connection's: no host name is ever taken from
//! an answer.

use sluse_sdk::path;

/// One row.
pub(crate) fn row(set: &str, id: &str) -> String {
    path!("/{}('{}')", set, id.replace('\'', "''"))
}

/// The page behind the one at `path`: its query is the link's, its path stays ours.
///
/// `None` when the link leads to another resource.
pub(crate) fn next(path: &str, link: &str) -> Option<String> {
    let own = path.split('?').next().unwrap_or(path);
    let (target, query) = link.split_once('?')?;
    let target = target.replace("%27", "'").replace("%28", "(").replace("%29", ")");
    let own_text = own.replace("%27", "'");
    let ends_alike = target == own_text.trim_start_matches('/') || target.ends_with(&own_text);
    ends_alike.then(|| format!("{own}?{}", repaired(query)))
}

/// What servers leave unencoded in their links and our host would refuse.
fn repaired(query: &str) -> String {
    let mut text = String::with_capacity(query.len());
    for byte in query.bytes() {
        if byte.is_ascii_graphic() && !b"\\#\"<>^`{|}".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, link: &str, expected: Option<&str>) {
        assert_eq!(next(path, link).as_deref(), expected, "{link}");
    }

    #[test]
    fn a_next_link_keeps_our_path_and_its_query() {
        check("/Files?$top=5", "https://host/OData4/Files?$skiptoken=50", Some("/Files?$skiptoken=50"));
        check("/Files", "Files?$skiptoken=50", Some("/Files?$skiptoken=50"));
        check(
            "/Files('1')/Parties",
            "http://h/odata/Files(%271%27)/Parties?$skip=50",
            Some("/Files('1')/Parties?$skip=50"),
        );
    }

    #[test]
    fn a_next_link_to_another_resource_is_not_followed() {
        check("/Files", "https://evil.test/OData4/Contacts?$skiptoken=50", None);
        check("/Files", "https://host/OData4/Files", None);
    }

    #[test]
    fn a_link_with_letters_of_its_own_is_encoded() {
        check("/Files", "Files?$filter=Title eq 'å'&$skip=1", Some("/Files?$filter=Title%20eq%20'%C3%A5'&$skip=1"));
    }

    #[test]
    fn a_key_cannot_leave_its_quotes() {
        assert_eq!(row("Files", "1')/Parties?x=('"), "/Files('1%27%27%29%2FParties%3Fx%3D%28%27%27')");
    }
}
