//! Rows become the bytes of a file, or the first problem is told: which row, which column, which rule.

use std::collections::BTreeMap;

use super::{Layout, template};
use crate::{Date, Unfit, forbidden};

/// The values of a row, by the names of their columns.
pub type Row = BTreeMap<String, String>;

/// What `header` and `trailer` are filled in with, beside `count` and `sum`.
#[derive(Debug, Clone)]
pub struct Facts<'f> {
    /// The day that `{date:…}` writes.
    pub date: Date,
    /// Further names with their values.
    pub names: &'f [(&'f str, String)],
}

/// A file, and what was done to make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its lines, those before and after the rows included.
    pub lines: usize,
    /// What was cut, and which numbers fail their check digit.
    pub warnings: Vec<String>,
}

/// What was counted over all rows.
pub(super) struct Totals<'f> {
    pub(super) facts: &'f Facts<'f>,
    pub(super) count: usize,
    sums: BTreeMap<&'f str, i64>,
}

impl Totals<'_> {
    pub(super) fn sum(&self, column: &str) -> Option<i64> {
        self.sums.get(column).copied()
    }
}

impl Layout {
    /// Writes rows as the layout says, once [`Layout::verify`] has passed it.
    ///
    /// # Errors
    /// The first value that does not fit, with its row and column.
    pub fn render(&self, rows: &[Row], facts: &Facts<'_>) -> Result<Rendered, Unfit> {
        let numbers = self.columns.iter().filter(|column| column.kind.is_number());
        let sums = numbers.map(|column| (column.name.as_str(), 0)).collect();
        let mut totals = Totals { facts, count: rows.len(), sums };
        let mut warnings = Vec::new();
        let mut lines = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let place = format!("Linje {}", index + 1);
            let line = self.line(row, &place, &mut totals, &mut warnings)?;
            lines.push((place, line));
        }
        if let Some(header) = &self.header {
            lines.insert(0, ("Første linje".into(), template::fill(header, &totals, "Første linje")?));
        }
        if let Some(trailer) = &self.trailer {
            lines.push(("Sidste linje".into(), template::fill(trailer, &totals, "Sidste linje")?));
        }
        let mut bytes = Vec::new();
        for (place, line) in &lines {
            forbidden::refuse(line, "", place)?;
            bytes.extend(self.encoding.encode(line, place)?);
            bytes.extend(self.newline.as_str().as_bytes());
        }
        Ok(Rendered { bytes, lines: lines.len(), warnings })
    }

    fn line<'f>(
        &'f self,
        row: &Row,
        place: &str,
        totals: &mut Totals<'f>,
        warnings: &mut Vec<String>,
    ) -> Result<String, Unfit> {
        if let Some(name) = row.keys().find(|name| self.columns.iter().all(|column| column.name != **name)) {
            let what = format!(": feltet `{name}` findes ikke i filens layout.");
            return Err(Unfit::new("column-not-known", place, &what, format!("the layout has no column `{name}`")));
        }
        let delimiter = self.delimiter.as_deref();
        let forbidden = format!("{}{}", self.forbidden, delimiter.unwrap_or_default());
        let mut cells = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let place = format!("{place}, `{}`", column.name);
            let value = row.get(&column.name).map(String::as_str);
            let cell = column.write(value, &forbidden, delimiter.is_none(), &place)?;
            self.encoding.encode(&cell.text, &place)?;
            if let Some(sum) = totals.sums.get_mut(column.name.as_str()) {
                *sum = sum.checked_add(cell.hundredths).ok_or_else(|| {
                    Unfit::new("number-too-large", &place, ": summen er for stor.", "the sum does not fit into 64 bits")
                })?;
            }
            warnings.extend(cell.warning);
            cells.push(cell.text);
        }
        Ok(cells.join(delimiter.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn layout(layout: Value) -> Layout {
        let layout: Layout = serde_json::from_value(layout).expect("of the right shape");
        layout.verify().expect("a layout");
        layout
    }

    fn render(layout: &Layout, rows: Value) -> Result<Rendered, Unfit> {
        let rows: Vec<Row> = serde_json::from_value(rows).expect("rows");
        let date = Date::read("2026-02-28", "x").expect("a date");
        layout.render(&rows, &Facts { date, names: &[("batch", "B-7".into())] })
    }

    #[track_caller]
    fn written(layout: &Layout, rows: Value, expected: &str) {
        let rendered = render(layout, rows).expect("rendered");
        assert_eq!(String::from_utf8(rendered.bytes).as_deref(), Ok(expected));
    }

    #[track_caller]
    fn refused(layout: &Layout, rows: Value, code: &str, message: &str) {
        let unfit = render(layout, rows).expect_err("refused");
        assert_eq!((unfit.code, unfit.message.as_str()), (code, message));
    }

    /// The driving file of targets: 55 characters a line, in front of them a configured header.
    fn driving() -> Layout {
        layout(json!({
            "header": "KØRSEL {date:yyyyMMdd} {count:4}",
            "encoding": "iso-8859-1",
            "columns": [
                { "name": "kind", "type": "constant", "value": "DA6", "width": 3 },
                { "name": "kommune", "type": "digits", "digits": 4, "width": 4, "required": true },
                { "name": "form", "type": "code", "values": ["0", "1", "3"], "width": 1, "required": true },
                { "name": "cpr", "type": "cpr", "width": 10, "required": true },
                { "name": "ekstra", "type": "digits", "digits": 1, "width": 1, "required": true },
                { "name": "tf", "type": "text", "width": 5, "required": true },
                { "name": "km", "type": "kilometres", "width": 6, "required": true },
                { "name": "nul", "type": "constant", "value": "000000", "width": 6 },
                { "name": "konto", "type": "digits", "digits": 10, "width": 13 },
                { "name": "dato", "type": "date", "format": "ddMMyy", "width": 6, "required": true },
            ],
        }))
    }

    fn drive(changes: Value) -> Value {
        let mut row = json!({
            "kommune": "0773", "form": "1", "cpr": "251248-4916", "ekstra": "0", "tf": "310-4", "km": "12,34",
            "konto": "1234567890", "dato": "21-03-2026",
        });
        let object = row.as_object_mut().expect("an object");
        object.extend(changes.as_object().expect("an object").clone());
        json!([row])
    }

    #[test]
    fn the_driving_record_has_55_characters() {
        let rendered = render(&driving(), drive(json!({ "km": "12,349" }))).expect("rendered");
        assert_eq!(rendered.warnings, ["Linje 1, `km` er afkortet til to decimaler."]);
        let lines: Vec<&[u8]> = rendered.bytes.split(|&byte| byte == b'\n').collect();
        assert_eq!(lines[0], b"K\xd8RSEL 20260228 0001\r");
        assert_eq!(lines[1], b"DA60773125124849160310-4001234000000   1234567890210326\r");
        assert_eq!((lines[1].len(), rendered.lines), (56, 2));
        let without = render(&driving(), drive(json!({ "konto": "" }))).expect("rendered");
        assert!(without.bytes.ends_with(b"000000             210326\r\n"));
    }

    #[test]
    fn a_number_that_fails_modulus_11_is_written_and_told() {
        let rendered = render(&driving(), drive(json!({ "cpr": "010101-0101" }))).expect("rendered");
        assert!(rendered.bytes.windows(10).any(|bytes| bytes == b"0101010101"));
        let told = "Linje 1, `cpr`: CPR-nummeret opfylder ikke modulus 11. Det kan være gyldigt.";
        assert_eq!(rendered.warnings, [told]);
        assert_eq!(render(&driving(), drive(json!({}))).expect("rendered").warnings, [""; 0]);
    }

    #[test]
    fn a_problem_names_row_column_and_rule() {
        for (changes, code, message) in [
            (json!({ "km": "" }), "value-missing", "Linje 1, `km` mangler."),
            (json!({ "km": "10000" }), "text-too-long", "Linje 1, `km` er på 7 tegn; der er plads til 6."),
            (json!({ "km": "-1" }), "number-not-valid", "Linje 1, `km` er negativ."),
            (json!({ "form": "2" }), "code-not-known", "Linje 1, `form` skal være en af: 0, 1, 3."),
            (json!({ "konto": "123" }), "digits-not-valid", "Linje 1, `konto` skal være 10 cifre."),
            (json!({ "cpr": "3201901234" }), "cpr-not-valid", "Linje 1, `cpr`: CPR-nummeret har ikke en gyldig form."),
            (json!({ "tf": "310-45" }), "text-too-long", "Linje 1, `tf` er på 6 tegn; der er plads til 5."),
            (
                json!({ "tf": "310–4" }),
                "character-not-in-encoding",
                "Linje 1, `tf`: tegnet `–` på plads 4 findes ikke i ISO-8859-1.",
            ),
            (
                json!({ "tf": "3\n" }),
                "character-not-allowed",
                "Linje 1, `tf`: tegnet U+000A på plads 2 er ikke tilladt.",
            ),
            (json!({ "fk": "1" }), "column-not-known", "Linje 1: feltet `fk` findes ikke i filens layout."),
        ] {
            refused(&driving(), drive(changes), code, message);
        }
    }

    #[test]
    fn delimited_columns_are_as_long_as_they_are() {
        let layout = layout(json!({
            "delimiter": ";",
            "forbidden": "\"",
            "newline": "lf",
            "header": "navn;beløb",
            "trailer": "{batch};{sum:beløb:8};{count}",
            "columns": [
                { "name": "navn", "type": "text", "width": 10, "cut": true },
                { "name": "beløb", "type": "amount-comma" },
            ],
        }));
        let rows = json!([{ "navn": "Søren", "beløb": "1.234,5" }, { "navn": "Ærøskøbing Å", "beløb": "-0,05" }, {}]);
        written(&layout, rows.clone(), "navn;beløb\nSøren;1234,50\nÆrøskøbing;-0,05\n;\nB-7;00123445;3\n");
        let warnings = render(&layout, rows).expect("rendered").warnings;
        assert_eq!(warnings, ["Linje 2, `navn` er afkortet fra 12 til 10 tegn."]);
        let message = "Linje 1, `navn`: tegnet `;` på plads 2 er ikke tilladt.";
        refused(&layout, json!([{ "navn": "a;b" }]), "character-not-allowed", message);
        let message = "Linje 1, `navn`: tegnet `\"` på plads 1 er ikke tilladt.";
        refused(&layout, json!([{ "navn": "\"" }]), "character-not-allowed", message);
        refused(
            &layout,
            json!([{ "beløb": "1,234" }]),
            "number-too-precise",
            "Linje 1, `beløb` har mere end to decimaler.",
        );
    }

    #[test]
    fn amounts_are_filled_with_zeros_behind_the_minus() {
        let layout = layout(json!({ "newline": "lf", "columns": [
            { "name": "a", "type": "amount-ore", "width": 8 },
            { "name": "b", "type": "amount-comma", "width": 8, "pad": " " },
            { "name": "c", "type": "text", "width": 4, "align": "right", "pad": "*" },
        ] }));
        written(&layout, json!([{ "a": "-12,5", "b": "-12,5", "c": "Å" }]), "-0001250  -12,50***Å\n");
        written(&layout, json!([{}]), "                ****\n");
    }

    #[test]
    fn a_layout_that_contradicts_itself_is_refused() {
        let column = |column: Value| json!({ "columns": [column] });
        for (given, wanted) in [
            (json!({ "columns": [] }), "at least one column"),
            (json!({ "delimiter": "", "columns": [{ "name": "a", "type": "text" }] }), "`delimiter`"),
            (column(json!({ "name": "a", "type": "text" })), "`width`"),
            (column(json!({ "name": "a", "type": "date", "width": 8 })), "`format`"),
            (column(json!({ "name": "a", "type": "text", "width": 8, "value": "x" })), "`value`"),
            (column(json!({ "name": "a", "type": "amount-ore", "width": 8, "cut": true })), "cut"),
            (column(json!({ "name": "a", "type": "amount-ore", "width": 8, "align": "left" })), "zeros"),
            (
                json!({ "delimiter": ";", "columns": [{ "name": "a", "type": "text" }, { "name": "a", "type": "text" }] }),
                "twice",
            ),
            (
                json!({ "delimiter": ";", "header": "{sum:a}", "columns": [{ "name": "a", "type": "text" }] }),
                "`{sum:a}`",
            ),
            (
                json!({ "delimiter": ";", "header": "{date:x}", "columns": [{ "name": "a", "type": "text" }] }),
                "`header`",
            ),
            (json!({ "delimiter": ";", "trailer": "{", "columns": [{ "name": "a", "type": "text" }] }), "`trailer`"),
        ] {
            let layout: Layout = serde_json::from_value(given).expect("of the right shape");
            let told = layout.verify().expect_err("refused");
            assert!(told.contains(wanted), "{told}");
        }
    }

    #[test]
    fn a_name_that_nobody_gives_is_told() {
        let layout = layout(
            json!({ "delimiter": ";", "header": "{institution}", "columns": [{ "name": "a", "type": "text" }] }),
        );
        let unfit = render(&layout, json!([])).expect_err("refused");
        assert_eq!((unfit.code, unfit.detail.as_str()), ("template-not-valid", "nothing is called `institution`"));
    }
}
