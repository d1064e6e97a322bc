//! A line of a file: a header and numbered fields, `&` before each, in ascending order.

use std::collections::BTreeMap;

use sluse_formats::{Charset, Unfit, forbidden};

/// The fields of a line by their numbers. Not printed: CPR numbers are among them.
#[derive(Clone, Default)]
pub(crate) struct Fields(BTreeMap<u16, String>);

/// What values of a kind of record may be.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// Characters that mean something to Prisme.
    pub(crate) forbidden: &'static str,
    pub(crate) encoding: Charset,
}

impl Fields {
    /// Adds a field, unless Prisme cannot read its value.
    pub(crate) fn add(&mut self, number: u16, value: String, rules: Rules, place: &str) -> Result<(), Unfit> {
        forbidden::refuse(&value, rules.forbidden, place)?;
        rules.encoding.encode(&value, place)?;
        self.set(number, value);
        Ok(())
    }

    /// Adds a field that the connector has made of digits.
    pub(crate) fn set(&mut self, number: u16, value: String) {
        self.0.insert(number, value);
    }

    pub(crate) fn has(&self, number: u16) -> bool {
        self.0.contains_key(&number)
    }

    pub(crate) fn get(&self, number: u16) -> Option<&str> {
        self.0.get(&number).map(String::as_str)
    }

    /// The line; field numbers have `digits` digits.
    pub(crate) fn line(&self, header: &str, digits: usize) -> String {
        let fields = self.0.iter().map(|(number, value)| format!("&{number:0digits$}{value}"));
        header.to_owned() + &fields.collect::<String>()
    }
}

/// Digits of a number, with zeros before them.
pub(crate) fn padded(digits: &str, width: usize) -> String {
    format!("{digits:0>width$}")
}
