//! What the parts of one delivery are called. The name of the group says which parts belong to it, because a report
//! lists only those that came to something.

use sluse_sdk::{Failure, http::segment};

/// A system that XFlow delivers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Sd,
    Prisme,
}

impl System {
    /// In the order in which a group names them.
    pub(crate) const ALL: [Self; 2] = [Self::Sd, Self::Prisme];

    /// The word in keys and inputs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sd => "sd",
            Self::Prisme => "prisme",
        }
    }

    /// The name that people know it by.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Sd => "SD Løn",
            Self::Prisme => "Prisme",
        }
    }

    fn suffix(self) -> String {
        format!("+{}", self.word())
    }
}

/// A delivery and its parts: `8842+sd+prisme`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// The id in XFlow, percent-encoded, so that nothing in it reads as a part.
    encoded_id: String,
    pub(crate) systems: Vec<System>,
    id: String,
}

impl Group {
    pub(crate) fn new(id: &str, systems: Vec<System>) -> Self {
        Self { encoded_id: segment(id), systems, id: id.to_owned() }
    }

    /// Of a name that [`name`](Self::name) gave.
    pub(crate) fn read(name: &str) -> Result<Self, Failure> {
        let (mut rest, mut systems) = (name, Vec::new());
        for system in System::ALL.into_iter().rev() {
            if let Some(before) = rest.strip_suffix(&system.suffix()) {
                systems.insert(0, system);
                rest = before;
            }
        }
        let id = decoded(rest).filter(|id| !id.is_empty() && !systems.is_empty());
        let id = id.ok_or_else(|| {
            Failure::invalid("group-unknown", "Afleveringen har et navn, som forbindelsen ikke har givet.")
                .detail("a group is the id of a delivery, and `+sd`, `+prisme` or both")
        })?;
        Ok(Self { encoded_id: rest.to_owned(), systems, id })
    }

    pub(crate) fn name(&self) -> String {
        self.systems.iter().fold(self.encoded_id.clone(), |name, system| name + &system.suffix())
    }

    /// The key of a part.
    pub(crate) fn key(&self, system: System) -> String {
        self.encoded_id.clone() + &system.suffix()
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = behind;
            continue;
        }
        let digits = std::str::from_utf8(behind.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &behind[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(id: &str, systems: &[System], name: &str) {
        let group = Group::new(id, systems.to_vec());
        assert_eq!(group.name(), name);
        assert_eq!(Group::read(name).expect("a group"), group);
    }

    #[test]
    fn a_group_names_its_parts() {
        check("8842", &System::ALL, "8842+sd+prisme");
        check("8842", &[System::Sd], "8842+sd");
        check("8842", &[System::Prisme], "8842+prisme");
    }

    #[test]
    fn an_id_never_reads_as_a_part() {
        check("a+sd", &[System::Prisme], "a%2Bsd+prisme");
        check("Ærø/1%", &[System::Sd], "%C3%86r%C3%B8%2F1%25+sd");
    }

    #[test]
    fn a_key_is_the_id_and_the_part() {
        assert_eq!(Group::new("8842", vec![System::Sd]).key(System::Sd), "8842+sd");
    }

    #[test]
    fn what_is_no_group_is_refused() {
        for name in ["", "8842", "+sd", "8842+other", "%+sd", "%f+sd", "%zz+sd"] {
            assert!(Group::read(name).is_err(), "{name}");
        }
    }
}
