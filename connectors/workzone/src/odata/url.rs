//! Addresses below the service's root. The root itself is the connection's: no host name is ever taken from
//! an answer.

use sluse_sdk::path;

/// One row.
pub(crate) fn row(set: &str, id: &str) -> String {
    path!("/{}('{}')", set, id.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_cannot_leave_its_quotes() {
        assert_eq!(row("Files", "1')/Parties?x=('"), "/Files('1%27%27%29%2FParties%3Fx%3D%28%27%27')");
    }
}
