//! How many there are, as people say it.

/// `1 finding`, `2 findings`: a number with the word that belongs to it.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApplyError, ConfigurationFinding, SubmitError};

    #[test]
    fn one_is_no_plural_and_nothing_is() {
        assert_eq!(counted(0, "attempt was", "attempts were"), "0 attempts were");
        assert_eq!(counted(1, "attempt was", "attempts were"), "1 attempt was");
        assert_eq!(counted(2, "attempt was", "attempts were"), "2 attempts were");
    }

    #[test]
    fn messages_count_what_they_tell() {
        let finding = ConfigurationFinding::new("flow.toml", 1, "", "it is empty");
        assert_eq!(ApplyError::Findings(vec![finding.clone()]).to_string(), "1 finding; nothing was applied");
        assert_eq!(ApplyError::Findings(vec![finding; 2]).to_string(), "2 findings; nothing was applied");
        let flow = "permit".parse().expect("a name");
        let large = SubmitError::FileTooLarge { flow, name: "a".into(), size_bytes: 2, limit_bytes: 1 };
        assert_eq!(large.to_string(), "file `a` has 2 bytes, and flow `permit` takes at most 1 byte");
    }
}
