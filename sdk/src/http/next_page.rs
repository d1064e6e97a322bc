//! The way to the next page, out of a target's answer. A link may name any host: only its query is taken, and the address
//! stays the connection's.

use percent_encoding::percent_decode_str;

/// The path of the page behind the one at `path`: its query is the link's, its path stays ours.
///
/// `None` when the link leads to another resource, or has no query.
///
/// ```
/// # use sluse_sdk::http::next_page;
/// let next = next_page("/orders?page=1", "https://shop.example.dk/api/orders?page=2");
/// assert_eq!(next.as_deref(), Some("/orders?page=2"));
/// assert_eq!(next_page("/orders", "https://shop.example.dk/api/customers?page=2"), None);
/// ```
#[must_use]
pub fn next_page(path: &str, link: &str) -> Option<String> {
    let own = path.split('?').next().unwrap_or(path);
    let (target, query) = link.split_once('?')?;
    let (target, own_text) = (decoded(target)?, decoded(own)?);
    let ends_alike =
        target.is_empty() || target == own_text.trim_start_matches('/') || target.ends_with(own_text.as_str());
    ends_alike.then(|| format!("{own}?{}", repaired(query.split('#').next().unwrap_or(query))))
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
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
        assert_eq!(next_page(path, link).as_deref(), expected, "{link}");
    }

    #[test]
    fn a_next_link_keeps_our_path_and_its_query() {
        check("/Files?$top=5", "https://host/OData4/Files?$skiptoken=50", Some("/Files?$skiptoken=50"));
        check("/Files", "Files?$skiptoken=50", Some("/Files?$skiptoken=50"));
        check("/Files?page=1", "?page=2#top", Some("/Files?page=2"));
        check(
            "/Files('1')/Parties",
            "http://h/odata/Files(%271%27)/Parties?$skip=50",
            Some("/Files('1')/Parties?$skip=50"),
        );
        check("/%C3%86r%C3%B8", "http://h/%c3%86r%c3%b8?page=2", Some("/%C3%86r%C3%B8?page=2"));
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
}
