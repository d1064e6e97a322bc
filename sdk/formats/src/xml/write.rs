//! A tree becomes text, with everything escaped that means something in XML.

use super::Element;
use crate::{Unfit, charset::shown};

impl Element {
    /// The document in UTF-8, with its declaration.
    ///
    /// # Errors
    /// A character that XML cannot carry, and in which element.
    pub fn to_xml(&self) -> Result<String, Unfit> {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        self.write(&mut text)?;
        Ok(text)
    }

    fn write(&self, to: &mut String) -> Result<(), Unfit> {
        to.push('<');
        to.push_str(&self.name);
        for (name, value) in &self.attributes {
            to.push_str(&format!(" {name}=\"{}\"", self.escaped(value)?));
        }
        if self.children.is_empty() && self.text.is_empty() {
            to.push_str("/>");
            return Ok(());
        }
        to.push('>');
        to.push_str(&self.escaped(&self.text)?);
        for child in &self.children {
            child.write(to)?;
        }
        to.push_str(&format!("</{}>", self.name));
        Ok(())
    }

    fn escaped<'t>(&self, text: &'t str) -> Result<std::borrow::Cow<'t, str>, Unfit> {
        match text.chars().find(|&character| !may_stand(character)) {
            None => Ok(quick_xml::escape::escape(text)),
            Some(character) => {
                let shown = shown(character);
                let place = format!("`{}`", self.name);
                let what = format!(": tegnet {shown} kan ikke stå i XML.");
                Err(Unfit::new(
                    "character-not-allowed",
                    &place,
                    &what,
                    format!("{shown} is not a character of XML 1.0"),
                ))
            }
        }
    }
}

fn may_stand(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_escaped_and_reads_back() {
        let element = Element::new("a")
            .attribute("b", "\"<&>'")
            .child(Element::leaf("c", "Ærø <&> ]]>"))
            .child(Element::new("d"));
        let text = element.to_xml().expect("written");
        assert!(text.contains("<c>Ærø &lt;&amp;&gt; ]]&gt;</c><d/></a>"), "{text}");
        assert_eq!(Element::parse(text.as_bytes(), 1000), Ok(element));
    }

    #[test]
    fn what_xml_cannot_carry_is_refused() {
        for text in ["\u{1}", "\u{ffff}", "a\0b"] {
            let unfit = Element::leaf("AarsagTekst", text).to_xml().expect_err("refused");
            assert!(unfit.message.starts_with("`AarsagTekst`: tegnet "), "{unfit}");
        }
        assert!(Element::leaf("a", "æ\n\u{1f600}").to_xml().is_ok());
    }
}
