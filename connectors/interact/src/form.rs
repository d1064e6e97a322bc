//! The XML of a form, read: every text by its path. What is no XML, or asks for more than reading, is told and never
//! tried again; `sluse_formats` refuses document types and entities.

use std::collections::BTreeMap;

use sluse_formats::xml::Element;

use crate::submission::Entry;

/// The longest XML: a form is what a person fills in.
pub(crate) const MAX_XML_BYTES: usize = 4 << 20;

/// The most texts of a form. A flow maps what people filled in, not a table of a hospital.
const MAX_FIELDS: usize = 5_000;

/// The group of a case.
const CASE_GROUP: &str = "Files";

/// Reads a form.
///
/// # Errors
/// Why no flow can map it.
pub(crate) fn read(bytes: &[u8]) -> Result<Element, Entry> {
    Element::parse(bytes, MAX_XML_BYTES).map_err(|malformed| {
        let message = format!("Formularens XML kan ikke læses (linje {}).", malformed.line);
        Entry::new("xml-not-readable", message)
    })
}

/// The texts of a form by their paths below the root.
///
/// # Errors
/// That there are more than a flow can map.
pub(crate) fn fields(root: &Element) -> Result<BTreeMap<String, String>, Entry> {
    let mut fields = BTreeMap::new();
    collect(root, "", &mut fields).ok_or_else(|| {
        Entry::new("xml-too-many-fields", format!("Formularens XML har flere end {MAX_FIELDS} felter."))
    })?;
    Ok(fields)
}

/// How many cases the form is for: groups `Files` that somebody has filled in.
pub(crate) fn cases(root: &Element) -> usize {
    root.children
        .iter()
        .map(|child| if child.name == CASE_GROUP { is_filled(child).into() } else { cases(child) })
        .sum()
}

fn is_filled(group: &Element) -> bool {
    !group.text.is_empty() || group.children.iter().any(is_filled)
}

/// The depth of the tree is bounded by its reader. `None` when there are too many.
fn collect(element: &Element, path: &str, fields: &mut BTreeMap<String, String>) -> Option<()> {
    for (name, value) in &element.attributes {
        fields.insert(below(path, &format!("@{name}")), value.clone());
    }
    if !path.is_empty() && (element.children.is_empty() || !element.text.is_empty()) {
        fields.insert(path.to_owned(), element.text.clone());
    }
    if fields.len() > MAX_FIELDS {
        return None;
    }
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for child in &element.children {
        let time = times.entry(&child.name).or_default();
        *time += 1;
        let name = if *time == 1 { child.name.clone() } else { format!("{}[{time}]", child.name) };
        collect(child, &below(path, &name), fields)?;
    }
    Some(())
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(xml: &str, expected: &[(&str, &str)]) {
        let fields = fields(&read(xml.as_bytes()).expect("XML")).expect("fields");
        let expected = expected.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        assert_eq!(fields, expected);
    }

    #[test]
    fn texts_have_the_path_below_the_root() {
        check(
            "<Dialog version=\"2\"><Files Id=\"7\"><Title>Æblehave &amp; Ø</Title><Text/></Files><Note>x</Note></Dialog>",
            &[
                ("@version", "2"),
                ("Files/@Id", "7"),
                ("Files/Title", "Æblehave & Ø"),
                ("Files/Text", ""),
                ("Note", "x"),
            ],
        );
    }

    #[test]
    fn the_second_of_a_name_is_numbered() {
        check("<D><C><N>a</N></C><C><N>b</N><N>c</N></C></D>", &[("C/N", "a"), ("C[2]/N", "b"), ("C[2]/N[2]", "c")]);
    }

    #[test]
    fn a_case_is_a_group_that_somebody_filled_in() {
        let cases = |xml: &str| cases(&read(xml.as_bytes()).expect("XML"));
        let title = "<Files><Title>Ærø</Title></Files>";
        assert_eq!(cases(&format!("<D>{title}<Files><Title/></Files></D>")), 1);
        assert_eq!(cases(&format!("<D>{title}<M>{title}</M></D>")), 2);
        assert_eq!(cases("<D><Contacts/></D>"), 0);
    }

    #[test]
    fn what_is_no_xml_is_told_with_its_line() {
        let entry = read(b"<Dialog>\n<Title>x</Dialog>").expect_err("malformed");
        assert_eq!(
            (entry.code, entry.message.as_str()),
            ("xml-not-readable", "Formularens XML kan ikke læses (linje 2).")
        );
    }

    #[test]
    fn an_entity_bomb_is_not_read() {
        let bomb = "<!DOCTYPE d [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><d>&b;</d>";
        assert_eq!(read(bomb.as_bytes()).expect_err("refused").code, "xml-not-readable");
        assert!(read(b"<!DOCTYPE d SYSTEM \"file:///etc/passwd\"><d/>").is_err());
    }

    #[test]
    fn more_fields_than_a_flow_can_map_are_told() {
        let xml = format!("<D>{}</D>", "<N>a</N>".repeat(MAX_FIELDS + 1));
        assert_eq!(fields(&read(xml.as_bytes()).expect("XML")).expect_err("too many").code, "xml-too-many-fields");
    }
}
