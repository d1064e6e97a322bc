//! A text taken apart into what stands there and what is computed.

use super::limits;

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Raw(&'a str),
    /// What is between `{{` and `}}`; `line` is where it begins, from 1.
    Expression {
        source: &'a str,
        line: u32,
    },
}

/// The text cannot be taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SplitFault {
    pub(crate) line: u32,
    pub(crate) message: String,
}

/// Takes a text apart. A text without braces is one raw part.
pub(crate) fn split(text: &str) -> Result<Vec<Part<'_>>, SplitFault> {
    if text.len() > limits::MAX_TEMPLATE_BYTES && text.contains("{{") {
        let message = format!("a text with expressions has at most {} bytes", limits::MAX_TEMPLATE_BYTES);
        return Err(SplitFault { line: 1, message });
    }
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(open) = next_tag(text, at) {
        match text.as_bytes()[open + 1] {
            b'%' => return Err(statement(text, open)),
            b'#' => return Err(comment(text, open)),
            _ => {}
        }
        push_raw(&mut parts, text, at, open);
        let start = open + 2;
        let line = line_of(text, open);
        if text[start..].starts_with(['-', '+']) {
            let message = "`{{-` is not available: write the spaces as they shall be".to_owned();
            return Err(SplitFault { line, message });
        }
        let Some(length) = expression_length(&text[start..]) else {
            return Err(SplitFault { line, message: "`{{` without `}}`: close the expression".to_owned() });
        };
        parts.push(Part::Expression { source: &text[start..start + length], line });
        at = start + length + 2;
    }
    push_raw(&mut parts, text, at, text.len());
    Ok(parts)
}

fn push_raw<'a>(parts: &mut Vec<Part<'a>>, text: &'a str, from: usize, to: usize) {
    if from < to {
        parts.push(Part::Raw(&text[from..to]));
    }
}

/// Where the next tag begins at or after `from`. A single brace is text.
fn next_tag(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from..text.len().saturating_sub(1)).find(|at| bytes[*at] == b'{' && matches!(bytes[at + 1], b'{' | b'%' | b'#'))
}

fn statement(text: &str, at: usize) -> SplitFault {
    SplitFault {
        line: line_of(text, at),
        message:
            "statements (`{% … %}`) are not available: write a condition as `{{ a if b else c }}`, and a list with \
                  `pick`; `{{ \"{%\" }}` writes the signs themselves"
                .to_owned(),
    }
}

fn comment(text: &str, at: usize) -> SplitFault {
    SplitFault {
        line: line_of(text, at),
        message:
            "comments (`{# … #}`) are not available in a text: use a comment of the file; `{{ \"{#\" }}` writes the \
                  signs themselves"
                .to_owned(),
    }
}

/// The bytes before the `}}` that closes the expression; braces inside quotes and tables do not count.
fn expression_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quote = None;
    let mut tables = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        match (quote, bytes[at]) {
            (Some(_), b'\\') => at += 1,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(bytes[at]),
            (None, b'{') => tables += 1,
            (None, b'}') if tables > 0 => tables -= 1,
            (None, b'}') if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            (None, _) => {}
        }
        at += 1;
    }
    None
}

fn line_of(text: &str, at: usize) -> u32 {
    let breaks = text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[Part<'_>]) {
        assert_eq!(split(text).as_deref(), Ok(expected), "{text:?}");
    }

    #[track_caller]
    fn check_fault(text: &str, line: u32, part: &str) {
        let fault = split(text).expect_err(text);
        assert_eq!(fault.line, line, "{text:?}");
        assert!(fault.message.contains(part), "{}", fault.message);
    }

    #[test]
    fn a_plain_text_stays_whole() {
        check("", &[]);
        check("a", &[Part::Raw("a")]);
        check("{ a } } { b }", &[Part::Raw("{ a } } { b }")]);
        check("{", &[Part::Raw("{")]);
    }

    #[test]
    fn an_expression_stands_alone_or_in_a_text() {
        check("{{ a }}", &[Part::Expression { source: " a ", line: 1 }]);
        check(
            "x\n{{ a }}{{b}} y",
            &[
                Part::Raw("x\n"),
                Part::Expression { source: " a ", line: 2 },
                Part::Expression { source: "b", line: 2 },
                Part::Raw(" y"),
            ],
        );
        check("{ {{ a }}", &[Part::Raw("{ "), Part::Expression { source: " a ", line: 1 }]);
        check("{a{ {{ b }}}", &[Part::Raw("{a{ "), Part::Expression { source: " b ", line: 1 }, Part::Raw("}")]);
    }

    #[test]
    fn braces_in_quotes_and_tables_do_not_close() {
        check("{{ \"}}\" }}", &[Part::Expression { source: " \"}}\" ", line: 1 }]);
        check("{{ '\\'}}' }}", &[Part::Expression { source: " '\\'}}' ", line: 1 }]);
        check("{{ {'a': {'b': 1}} }}", &[Part::Expression { source: " {'a': {'b': 1}} ", line: 1 }]);
    }

    #[test]
    fn what_is_not_an_expression_is_refused() {
        check_fault("a\n{{ b", 2, "close");
        check_fault("{% if a %}", 1, "statements");
        check_fault("{# a #}", 1, "comments");
        check_fault("{{- a }}", 1, "spaces");
    }
}
