//! A picture of what happened: each run with its steps, each attempt where it was in time, as SVG. It is drawn from what
//! the host tells of its runs, and of nothing else.

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::Value;
use std::fmt::Write;

/// Pixels.
const WIDTH: f64 = 960.0;
const MARGIN: f64 = 16.0;
const NAMES: f64 = 190.0;
const ROW: f64 = 20.0;
/// An attempt of a millisecond is seen as well.
const SMALLEST: f64 = 5.0;
/// What stands beside the last attempt of a step.
const WORDS: f64 = 190.0;

/// What attempts come to, with their colours and what people call it.
const KINDS: [(&str, &str, &str); 5] = [
    ("done", "#2e7d32", "done"),
    ("waiting", "#1565c0", "waits for an answer"),
    ("unavailable", "#ef6c00", "not now: tried again"),
    ("lost", "#6a1b9a", "cut off with the host"),
    ("", "#c62828", "a person looks"),
];

/// The runs, oldest first, below a title.
///
/// # Errors
/// When the host told something else than a run.
pub(super) fn draw(title: &str, runs: &[Value]) -> Result<String> {
    let mut runs: Vec<Drawn> = runs.iter().map(Drawn::read).collect::<Result<_>>()?;
    runs.sort_by_key(|run| run.accepted_at);
    let mut body = String::new();
    let mut y = MARGIN + ROW;
    text(&mut body, MARGIN, y, "bold", title);
    y += ROW;
    for run in &runs {
        y = run.draw(&mut body, y + ROW / 2.0);
    }
    y = legend(&mut body, y + ROW);
    let (width, height) = (WIDTH, y + MARGIN);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{body}</svg>\n"
    ))
}

/// A run, in milliseconds since it was accepted.
struct Drawn {
    accepted_at: i64,
    named: String,
    steps: Vec<Step>,
}

struct Step {
    name: String,
    attempts: Vec<Attempt>,
    /// Answers at the addresses that it was given.
    callbacks: Vec<i64>,
}

struct Attempt {
    began: i64,
    ended: i64,
    kind: String,
}

impl Drawn {
    fn read(run: &Value) -> Result<Self> {
        let accepted_at = moment(&run["accepted_at"])?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let mut steps = Vec::new();
        for delivery in list(&run["deliveries"]) {
            let attempt = |attempt: Value| -> Result<Attempt> {
                let began = moment(&attempt["began_at"])? - accepted_at;
                let ended = moment(&attempt["result"]["ended_at"])? - accepted_at;
                Ok(Attempt { began, ended, kind: attempt["result"]["kind"].as_str().unwrap_or_default().to_owned() })
            };
            let callback = |callback: Value| Ok(moment(&callback["arrived_at"])? - accepted_at);
            steps.push(Step {
                name: delivery["step"].as_str().unwrap_or_default().to_owned(),
                attempts: list(&delivery["attempts"]).into_iter().map(attempt).collect::<Result<_>>()?,
                callbacks: list(&delivery["callbacks"]).into_iter().map(callback).collect::<Result<_>>()?,
            });
        }
        let key = run["idempotency_key"].as_str().map(|key| format!(" {key}")).unwrap_or_default();
        let told = |member: &str| run[member].as_str().unwrap_or_default();
        Ok(Self { accepted_at, named: format!("{}{key}: {}", told("flow"), told("state")), steps })
    }

    /// The last moment that is drawn.
    fn span(&self) -> i64 {
        let ends = self
            .steps
            .iter()
            .flat_map(|step| step.attempts.iter().map(|attempt| attempt.ended).chain(step.callbacks.iter().copied()));
        ends.max().unwrap_or(1).max(1)
    }

    fn draw(&self, body: &mut String, y: f64) -> f64 {
        let span = self.span();
        text(body, MARGIN, y, "bold", &self.named);
        text(body, WIDTH - WORDS, y, "normal", &format!("{} in all", duration(span)));
        #[expect(clippy::cast_precision_loss, reason = "a run of a demo lasts seconds")]
        let at = |moment: i64| MARGIN + NAMES + moment as f64 / span as f64 * (WIDTH - 2.0 * MARGIN - NAMES - WORDS);
        let mut y = y;
        for step in &self.steps {
            y += ROW;
            step.draw(body, y, at);
        }
        y + ROW
    }
}

impl Step {
    fn draw(&self, body: &mut String, y: f64, at: impl Fn(i64) -> f64) {
        text(body, MARGIN + 12.0, y, "normal", &self.name);
        for Attempt { began, ended, kind } in &self.attempts {
            let (from, colour) = (at(*began), colour(kind));
            let width = (at(*ended) - from).max(SMALLEST);
            let top = y - 10.0;
            let bar = "height=\"12\" rx=\"2\"";
            // Writing into a text does not fail.
            let _ =
                writeln!(body, "<rect x=\"{from:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" {bar} fill=\"{colour}\"/>");
        }
        for callback in &self.callbacks {
            let (x, top) = (at(*callback), y - 11.0);
            let _ = writeln!(body, "<path d=\"M{:.1} {top:.1}h8l-4 7z\" fill=\"#000000\"/>", x - 4.0);
        }
        let kinds: Vec<&str> = self.attempts.iter().map(|attempt| attempt.kind.as_str()).collect();
        text(body, WIDTH - WORDS, y, "normal", &summary(&kinds));
    }
}

/// What came of the attempts, the same ones in a row counted.
fn summary(kinds: &[&str]) -> String {
    let rows = kinds.chunk_by(|one, other| one == other);
    let told = rows.map(|row| if row.len() == 1 { row[0].to_owned() } else { format!("{} × {}", row.len(), row[0]) });
    told.collect::<Vec<_>>().join(", ")
}

fn colour(kind: &str) -> &'static str {
    let found = KINDS.iter().find(|(known, ..)| *known == kind);
    found.unwrap_or(&KINDS[KINDS.len() - 1]).1
}

fn legend(body: &mut String, y: f64) -> f64 {
    let mut x = MARGIN;
    for (_, colour, told) in KINDS {
        let top = y - 10.0;
        let _ =
            writeln!(body, "<rect x=\"{x:.0}\" y=\"{top:.0}\" width=\"12\" height=\"12\" rx=\"2\" fill=\"{colour}\"/>");
        text(body, x + 18.0, y, "normal", told);
        x += 160.0;
    }
    let _ = writeln!(body, "<path d=\"M{x:.0} {:.0}h8l-4 7z\" fill=\"#000000\"/>", y - 9.0);
    text(body, x + 18.0, y, "normal", "an answer comes");
    y
}

fn text(body: &mut String, x: f64, y: f64, weight: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(body, "<text x=\"{x:.0}\" y=\"{y:.0}\" font-weight=\"{weight}\">{words}</text>");
}

fn duration(ms: i64) -> String {
    if ms < 1_000 { format!("{ms} ms") } else { format!("{}.{} s", ms / 1_000, ms % 1_000 / 100) }
}

fn moment(value: &Value) -> Result<i64> {
    let text = value.as_str().context("the host told no time")?;
    let time: Timestamp = text.parse().with_context(|| format!("`{text}` is no time"))?;
    Ok(time.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run() -> Value {
        let attempt = |from: &str, to: &str, kind: &str| {
            json!({"began_at": format!("2026-11-23T12:00:{from}Z"),
                "result": {"ended_at": format!("2026-11-23T12:00:{to}Z"), "kind": kind}})
        };
        json!({"accepted_at": "2026-11-23T12:00:00Z", "flow": "a<b", "idempotency_key": "K", "state": "succeeded",
        "deliveries": [
            {"step": "one", "attempts": [attempt("00.5", "01", "unavailable"), attempt("02", "04", "done")]},
            {"step": "two", "attempts": [attempt("04", "04", "rejected")],
                "callbacks": [{"arrived_at": "2026-11-23T12:00:03Z"}]},
        ]})
    }

    #[test]
    fn attempts_stand_where_they_were_in_time() {
        let drawn = draw("t", &[run()]).unwrap();
        let scale = (WIDTH - 2.0 * MARGIN - NAMES - WORDS) / 4.0;
        let second = format!("<rect x=\"{:.1}\"", MARGIN + NAMES + 2.0 * scale);
        assert!(drawn.contains(&second), "{second} is not in {drawn}");
        assert!(drawn.contains(&format!("width=\"{:.1}\"", 2.0 * scale)), "{drawn}");
        assert!(drawn.contains(&format!("width=\"{SMALLEST:.1}\"")), "{drawn}");
        assert!(drawn.contains("4.0 s in all") && drawn.contains("unavailable, done"), "{drawn}");
    }

    #[test]
    fn words_are_no_markup_and_what_nobody_listed_is_for_a_person() {
        let drawn = draw("t & u", &[run()]).unwrap();
        assert!(drawn.contains("a&lt;b K: succeeded") && drawn.contains("t &amp; u"), "{drawn}");
        assert_eq!((colour("rejected"), colour("done")), ("#c62828", "#2e7d32"));
        assert_eq!(summary(&["lost", "unavailable", "unavailable"]), "lost, 2 × unavailable");
    }

    #[test]
    fn what_is_no_run_is_refused() {
        assert!(draw("t", &[json!({})]).is_err());
    }
}
