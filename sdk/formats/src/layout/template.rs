//! The line before the rows and the line after them: a text with names in braces.

use super::{Column, render::Totals};
use crate::{DateFormat, Unfit};

/// One piece of a template.
enum Piece<'t> {
    Text(&'t str),
    Name(&'t str),
}

/// Refuses what can never be filled in. Names without a colon may be the operation's own, so they pass.
pub(super) fn verify(template: &str, columns: &[Column]) -> Result<(), String> {
    for piece in pieces(template)? {
        let Piece::Name(name) = piece else { continue };
        let parts: Vec<&str> = name.split(':').collect();
        let sums = |column: &str| columns.iter().any(|one| one.name == column && one.kind.is_number());
        let known = match parts.as_slice() {
            ["date", format] => DateFormat::try_from((*format).to_owned()).is_ok(),
            ["date"] | ["sum"] => false,
            ["sum", column] => sums(column),
            ["sum", column, width] => sums(column) && is_width(width),
            ["count", width] => is_width(width),
            [name] => !name.is_empty(),
            _ => false,
        };
        if name == "date" {
            return Err("has `{date}`, which says no format: write `{date:yyyyMMdd}`".into());
        }
        if !known {
            return Err(format!("has `{{{name}}}`, which cannot be filled in"));
        }
    }
    Ok(())
}

/// Whether a date is filled in.
pub(super) fn writes_date(template: &str) -> bool {
    pieces(template)
        .is_ok_and(|pieces| pieces.iter().any(|piece| matches!(piece, Piece::Name(name) if name.starts_with("date:"))))
}

/// Fills the template in. `place` is what the line is called.
pub(super) fn fill(template: &str, totals: &Totals<'_>, place: &str) -> Result<String, Unfit> {
    let wrong = |what: &str| Unfit::new("template-not-valid", place, ": skabelonen kan ikke udfyldes.", what);
    let mut line = String::new();
    for piece in pieces(template).map_err(|reason| wrong(&reason))? {
        match piece {
            Piece::Text(text) => line.push_str(text),
            Piece::Name(name) => {
                let value = value(name, totals);
                line.push_str(&value.ok_or_else(|| wrong(&format!("nothing is called `{name}`")))?);
            }
        }
    }
    Ok(line)
}

fn value(name: &str, totals: &Totals<'_>) -> Option<String> {
    let parts: Vec<&str> = name.split(':').collect();
    match parts.as_slice() {
        ["date", format] => Some(DateFormat::try_from((*format).to_owned()).ok()?.write(totals.facts.date)),
        ["count"] => Some(totals.count.to_string()),
        ["count", width] => Some(format!("{:0>1$}", totals.count, width.parse().ok()?)),
        ["sum", column] => Some(totals.sum(column)?.to_string()),
        ["sum", column, width] => {
            let sum = totals.sum(column)?;
            Some(format!("{sum:0width$}", width = width.parse().ok()?))
        }
        [name] => totals.facts.names.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone()),
        _ => None,
    }
}

fn is_width(text: &str) -> bool {
    text.parse().is_ok_and(|width: usize| (1..=100).contains(&width))
}

fn pieces(template: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').ok_or("has `{` without `}`")?;
        pieces.extend([Piece::Text(before), Piece::Name(name)]);
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}
