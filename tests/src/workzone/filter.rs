//! The part of `$filter` that integrations use. What is not understood is refused, never ignored.
//! Evaluates against stored and computed properties through a closure of the caller.

use serde_json::Value;

use super::errors::Refusal;
use super::model::{EntitySet, Kind};
use super::values;

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    /// `P eq v`, or `ne` when `negated`.
    Compare {
        /// Property.
        property: String,
        /// Value in stored form; null matches a blank.
        value: Value,
        /// `ne`.
        negated: bool,
    },
    /// `contains(P,'x')`, `substringof('x',P)`; without regard to case, as the search of the service.
    Contains(String, String),
    /// `startswith(P,'x')`.
    StartsWith(String, String),
    /// `inDomain('name')`.
    InDomain(String),
    /// Both.
    And(Box<Filter>, Box<Filter>),
    /// One of them.
    Or(Box<Filter>, Box<Filter>),
}

impl Filter {
    /// Reads a filter for rows of `set`.
    pub(super) fn parse(set: &EntitySet, text: &str) -> Result<Filter, Refusal> {
        let mut parser = Parser { set, tokens: tokens(text)?, next: 0 };
        let filter = parser.either()?;
        match parser.peek() {
            None => Ok(filter),
            Some(token) => Err(not_understood(&format!("{token:?}"))),
        }
    }

    /// Whether a row fits; `property` gives its values, `in_domain` knows the domains.
    pub(super) fn matches(&self, property: &dyn Fn(&str) -> Value, in_domain: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Filter::Compare { property: name, value, negated } => (property(name) == *value) != *negated,
            Filter::Contains(name, part) => lower(&property(name)).contains(&part.to_lowercase()),
            Filter::StartsWith(name, part) => property(name).as_str().is_some_and(|text| text.starts_with(part)),
            Filter::InDomain(name) => in_domain(name),
            Filter::And(left, right) => left.matches(property, in_domain) && right.matches(property, in_domain),
            Filter::Or(left, right) => left.matches(property, in_domain) || right.matches(property, in_domain),
        }
    }

    /// An equality on an indexed text that each match must satisfy.
    pub(super) fn indexed_equality(&self, set: &EntitySet) -> Option<(&str, &str)> {
        match self {
            Filter::Compare { property, value: Value::String(text), negated: false } => {
                set.field(property).filter(|field| field.indexed()).map(|_| (property.as_str(), text.as_str()))
            }
            Filter::And(left, right) => left.indexed_equality(set).or_else(|| right.indexed_equality(set)),
            _ => None,
        }
    }
}

fn lower(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_lowercase()
}

fn not_understood(what: &str) -> Refusal {
    Refusal::bad_request(format!("Udtrykket i $filter er ikke forstået ved {what}."))
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '\'' => quoted(rest)?,
            _ => word(rest),
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// A literal with doubled quotes; the length counts what stands in the filter.
fn quoted(rest: &str) -> Result<(Token, usize), Refusal> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != '\'' {
            text.push(character);
        } else if characters.peek().is_some_and(|(_, next)| *next == '\'') {
            characters.next();
            text.push('\'');
        } else {
            return Ok((Token::Text(text), at + 1));
        }
    }
    Err(not_understood("en tekst uden slut"))
}

fn word(rest: &str) -> (Token, usize) {
    let length =
        rest.find(|character: char| character.is_whitespace() || "(),'".contains(character)).unwrap_or(rest.len());
    (Token::Word(rest[..length].to_owned()), length)
}

struct Parser<'a> {
    set: &'a EntitySet,
    tokens: Vec<Token>,
    next: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Result<Token, Refusal> {
        let token = self.peek().cloned().ok_or_else(|| not_understood("slutningen"))?;
        self.next += 1;
        Ok(token)
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(word)) if word == wanted);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), Refusal> {
        let token = self.take()?;
        if token == *wanted { Ok(()) } else { Err(not_understood(&format!("{token:?}"))) }
    }

    fn either(&mut self) -> Result<Filter, Refusal> {
        let mut left = self.both()?;
        while self.take_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Filter, Refusal> {
        let mut left = self.term()?;
        while self.take_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.term()?));
        }
        Ok(left)
    }

    fn term(&mut self) -> Result<Filter, Refusal> {
        match self.take()? {
            Token::Open => {
                let inner = self.either()?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Token::Word(word) if self.peek() == Some(&Token::Open) => self.call(&word),
            Token::Word(property) => self.comparison(property),
            token => Err(not_understood(&format!("{token:?}"))),
        }
    }

    fn call(&mut self, function: &str) -> Result<Filter, Refusal> {
        self.expect(&Token::Open)?;
        let filter = match function {
            "inDomain" => Filter::InDomain(self.text()?),
            "contains" | "startswith" => {
                let property = self.text_property()?;
                self.expect(&Token::Comma)?;
                let part = self.text()?;
                if function == "contains" {
                    Filter::Contains(property, part)
                } else {
                    Filter::StartsWith(property, part)
                }
            }
            "substringof" => {
                let part = self.text()?;
                self.expect(&Token::Comma)?;
                Filter::Contains(self.text_property()?, part)
            }
            other => return Err(not_understood(other)),
        };
        self.expect(&Token::Close)?;
        Ok(filter)
    }

    fn text(&mut self) -> Result<String, Refusal> {
        match self.take()? {
            Token::Text(text) => Ok(text),
            token => Err(not_understood(&format!("{token:?}"))),
        }
    }

    fn text_property(&mut self) -> Result<String, Refusal> {
        let Token::Word(name) = self.take()? else { return Err(not_understood("et feltnavn")) };
        self.set.kind_of(&name).ok_or_else(|| Refusal::unknown_property(&self.set.name, &name))?;
        Ok(name)
    }

    fn comparison(&mut self, property: String) -> Result<Filter, Refusal> {
        let kind = self.set.kind_of(&property).ok_or_else(|| Refusal::unknown_property(&self.set.name, &property))?;
        let negated = match self.take()? {
            Token::Word(word) if word == "eq" => false,
            Token::Word(word) if word == "ne" => true,
            token => return Err(not_understood(&format!("{token:?}"))),
        };
        let value = self.literal(&property, &kind)?;
        Ok(Filter::Compare { property, value, negated })
    }

    fn literal(&mut self, property: &str, kind: &Kind) -> Result<Value, Refusal> {
        let given = match self.take()? {
            Token::Text(text) => Value::String(text),
            Token::Word(word) if word == "null" => return Ok(Value::Null),
            Token::Word(word) if word == "datetime" => Value::String(self.text()?),
            Token::Word(word) => match kind {
                Kind::Date | Kind::Instant => Value::String(word),
                // A number never equals a text: `ID eq 67453` is a mistake of the caller.
                Kind::Decimal | Kind::Integer => serde_json::from_str(&word).map_err(|_| not_understood(&word))?,
                _ => return Err(Refusal::bad_value(property)),
            },
            token => return Err(not_understood(&format!("{token:?}"))),
        };
        values::to_stored(property, kind, given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workzone::model::Model;
    use crate::workzone::settings::Settings;

    fn parse(text: &str) -> Result<Filter, Refusal> {
        Filter::parse(Model::new(&Settings::default()).set("Files").unwrap(), text)
    }

    #[test]
    fn a_doubled_quote_is_one_quote() {
        let filter = parse("Title eq 'O''Brien''s æble'").unwrap();
        assert!(filter.matches(&|_| Value::from("O'Brien's æble"), &|_| false));
    }

    #[test]
    fn both_sides_of_and_must_hold() {
        let filter = parse("EXTREF eq 'a' and inDomain('active')").unwrap();
        assert!(filter.matches(&|_| Value::from("a"), &|domain| domain == "active"));
        assert!(!filter.matches(&|_| Value::from("a"), &|_| false));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "Title gt 'a'",
            "Nowhere eq 'a'",
            "ID eq 67453",
            "Title eq 'a",
            "Title eq 'a' 'b'",
            "length(Title) eq 3",
            "",
        ] {
            assert_eq!(parse(text).unwrap_err().status, 400, "{text}");
        }
    }

    #[test]
    fn an_equality_under_and_finds_the_index() {
        let model = Model::new(&Settings::default());
        let files = model.set("Files").unwrap();
        let filter = Filter::parse(files, "Title eq 'x' and EXTREF eq 'k'").unwrap();
        assert_eq!(filter.indexed_equality(files), Some(("EXTREF", "k")));
        assert_eq!(Filter::parse(files, "Title eq 'x' or EXTREF eq 'k'").unwrap().indexed_equality(files), None);
    }
}
