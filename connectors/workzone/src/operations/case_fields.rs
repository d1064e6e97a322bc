//! The fields of a case that an operation may write, as properties.

use serde_json::{Map, Value};
use sluse_sdk::Failure;

use crate::{
    fields::{given, properties},
    settings::Settings,
};

/// The fields of a case; what is absent or blank is not written.
#[derive(Debug, Default)]
pub(crate) struct CaseFields<'input> {
    pub(crate) title: Option<&'input str>,
    pub(crate) case_group: Option<&'input str>,
    pub(crate) case_category: Option<&'input str>,
    pub(crate) child_group: Option<&'input str>,
    pub(crate) officer: Option<&'input str>,
    pub(crate) unit: Option<&'input str>,
    pub(crate) text: Option<&'input str>,
    pub(crate) access_code: Option<&'input str>,
}

/// The members of an input that are fields of a case.
macro_rules! case_fields {
    ($input:expr) => {
        $crate::operations::case_fields::CaseFields {
            title: $crate::fields::given(&$input.title),
            case_group: $crate::fields::given(&$input.case_group),
            case_category: $crate::fields::given(&$input.case_category),
            child_group: $crate::fields::given(&$input.child_group),
            officer: $crate::fields::given(&$input.officer),
            unit: $crate::fields::given(&$input.unit),
            text: $crate::fields::given(&$input.text),
            access_code: $crate::fields::given(&$input.access_code),
        }
    };
}
pub(crate) use case_fields;

impl CaseFields<'_> {
    /// Those that are given, with the form's own ones, as properties.
    pub(crate) fn properties(
        &self,
        settings: &Settings,
        own: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Failure> {
        let names = &settings.names;
        let mut written = properties(own, &settings.custom_field_map, "custom_field_map")?;
        let standard = [
            ("Title", self.title),
            (&settings.case_group_property, self.case_group),
            (&settings.case_category_property, self.case_category),
            (&names.child_group, self.child_group),
            (&names.officer, self.officer),
            (&names.unit, self.unit),
            (&names.text, self.text),
            (&names.access_code, self.access_code),
        ];
        for (property, value) in standard {
            if let Some(value) = value {
                written.insert(property.to_owned(), Value::from(value));
            }
        }
        Ok(written)
    }

    /// What opening a case needs, and which of it is missing.
    pub(crate) fn missing(&self, settings: &Settings) -> Vec<&'static str> {
        let category = settings.case_category_required.then_some(("case_category", self.case_category));
        let needed = [Some(("case_group", self.case_group)), category, Some(("title", self.title))];
        needed.into_iter().flatten().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect()
    }
}

/// The external reference of a case: the flow's, else the delivery, which is the same on every attempt.
pub(crate) fn external_ref<'a>(given_ref: &'a Option<String>, delivery: &'a str) -> &'a str {
    given(given_ref).unwrap_or(delivery)
}
