//! `sluse schedule`: look at schedules and their ticks, fire one by hand.

use serde_json::{Value, json};

use super::run::more;
use crate::{
    arguments::{Global, Schedule},
    client::{Host, query},
    failure::Failure,
    output,
};

pub(crate) async fn run(global: &Global, command: Schedule) -> Result<(), Failure> {
    let host = Host::of(global)?;
    match command {
        Schedule::List => list(global, &host.get("/v1/schedules").await?),
        Schedule::Show { schedule, limit, after } => {
            let path = format!("/v1/schedules/{schedule}");
            let path = query(&path, &[("limit", Some(limit.to_string())), ("after", after)]);
            show(global, &host.get(&path).await?)
        }
        Schedule::Fire { schedule } => {
            let fired: Value = host.post(&format!("/v1/schedules/{schedule}/fire"), &json!({})).await?;
            if global.json {
                return Ok(output::json(&fired)?);
            }
            output::say(&format!("schedule `{schedule}` is fired: {}", fired["tick"].as_str().unwrap_or("")));
            Ok(())
        }
    }
}

fn cell(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or("").to_owned()
}

fn list(global: &Global, found: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(found)?);
    }
    let rows = found["items"].as_array().into_iter().flatten();
    let rows = rows
        .map(|schedule| {
            let next = if schedule["enabled"] == false { "off".into() } else { cell(schedule, "next") };
            let latest = cell(&schedule["latest"], "state");
            let wellbeing = cell(&schedule["wellbeing"], "state");
            vec![cell(schedule, "name"), cadence(schedule), task(schedule), next, latest, wellbeing]
        })
        .collect();
    output::table(&["SCHEDULE", "WHEN", "WHAT", "NEXT", "LATEST TICK", "WELLBEING"], rows, "no schedules");
    Ok(())
}

/// `every 15m` or `0 6 * * 1-5 Europe/Copenhagen`.
pub(super) fn cadence(schedule: &Value) -> String {
    match schedule["every_ms"].as_u64() {
        Some(every_ms) => {
            let of = match schedule["every_of"].as_str() {
                Some("settings") => " (as the connection says)",
                Some(_) => " (as the connector says)",
                None => "",
            };
            format!("every {}{of}", length(every_ms))
        }
        None => format!("{} {}", cell(schedule, "cron"), cell(schedule, "zone")),
    }
}

/// The largest unit that gives a whole number.
fn length(millis: u64) -> String {
    let units = [(3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit = units.into_iter().find(|(unit_ms, _)| millis.is_multiple_of(*unit_ms));
    unit.map_or_else(|| format!("{millis} ms"), |(unit_ms, name)| format!("{}{name}", millis / unit_ms))
}

fn task(schedule: &Value) -> String {
    match schedule["feed"].as_str() {
        Some(feed) => format!("{feed} of {}", cell(schedule, "connection")),
        None => format!("flow {}", cell(schedule, "flow")),
    }
}

fn show(global: &Global, schedule: &Value) -> Result<(), Failure> {
    if global.json {
        return Ok(output::json(schedule)?);
    }
    let next = if schedule["enabled"] == false {
        "switched off".to_owned()
    } else {
        format!("next {}", cell(schedule, "next"))
    };
    output::say(&format!("{}  {}  {}  {next}", cell(schedule, "name"), cadence(schedule), task(schedule)));
    output::say(&fares(schedule));
    let rows = schedule["ticks"]["items"].as_array().into_iter().flatten();
    let rows = rows.map(|tick| vec![cell(tick, "planned_at"), state(tick), told(tick)]).collect();
    output::table(&["PLANNED", "STATE", "WHAT CAME OF IT"], rows, "no ticks yet");
    more(&schedule["ticks"]);
    Ok(())
}

/// `well; last success T; last failure T: the target is away.`
pub(crate) fn fares(schedule: &Value) -> String {
    let wellbeing = &schedule["wellbeing"];
    let (since, tries) = (cell(wellbeing, "since"), wellbeing["tries"].as_u64());
    let standing = match (wellbeing["state"].as_str(), tries) {
        (Some("not-run"), _) => format!("has not run since {since}"),
        (Some("failing"), Some(tries @ 2..)) => format!("fails since {since}, {tries} times in a row"),
        (Some("failing"), _) => format!("fails since {since}"),
        (Some("off"), _) => "switched off".to_owned(),
        (state, _) => state.unwrap_or("").to_owned(),
    };
    let success = schedule["succeeded_at"].as_str().map_or("none yet".to_owned(), str::to_owned);
    let failure = &schedule["last_failure"];
    let failure = match (failure["at"].as_str(), failure["problem"]["message"].as_str()) {
        (Some(at), Some(message)) => format!("; last failure {at}: {message}"),
        _ => String::new(),
    };
    format!("{standing}; last success {success}{failure}")
}

fn state(tick: &Value) -> String {
    let late = if tick["late"] == true { ", late" } else { "" };
    let by = tick["by"].as_str().map(|by| format!(", by {by}")).unwrap_or_default();
    format!("{}{late}{by}", cell(tick, "state"))
}

fn told(tick: &Value) -> String {
    let count = |key: &str| tick["found"][key].as_u64().unwrap_or(0);
    match (tick["state"].as_str(), tick["why"].as_str(), tick["run"].as_str()) {
        (_, Some("overlap"), _) => "the tick before was still at work".to_owned(),
        (_, Some(_), _) => match tick["count"].as_u64() {
            Some(1) | None => "missed".to_owned(),
            Some(count) => format!("missed {count} ticks, until {}", cell(tick, "planned_until")),
        },
        (_, _, Some(run)) => run.to_owned(),
        (Some("failed" | "retrying"), ..) => {
            let detail = tick["problem"]["detail"].as_str().map(|detail| format!(" ({detail})")).unwrap_or_default();
            let due = tick["due"].as_str().map(|due| format!("; again at {due}")).unwrap_or_default();
            format!("{}{detail}{due}", cell(&tick["problem"], "message"))
        }
        (Some("done"), ..) => {
            let held = if count("held") > 0 { format!(", {} held", count("held")) } else { String::new() };
            format!("{} new, {} known{held}", count("started"), count("known"))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tick: Value, expected: &str) {
        assert_eq!(told(&tick), expected);
    }

    #[test]
    fn a_tick_is_told_in_a_line() {
        check(json!({"state": "done", "run": "run-1", "found": {}}), "run-1");
        check(json!({"state": "done", "found": {"started": 2, "known": 1, "held": 1}}), "2 new, 1 known, 1 held");
        check(json!({"state": "skipped", "why": "overlap"}), "the tick before was still at work");
        check(
            json!({"state": "skipped", "why": "missed", "count": 4, "planned_until": "T"}),
            "missed 4 ticks, until T",
        );
        check(json!({"state": "retrying", "problem": {"message": "Away."}, "due": "T"}), "Away.; again at T");
    }

    #[test]
    fn how_a_schedule_fares_is_told_in_a_line() {
        let never = json!({"wellbeing": {"state": "not-run", "since": "T"}});
        assert_eq!(fares(&never), "has not run since T; last success none yet");
        let failing = json!({
            "wellbeing": {"state": "failing", "since": "T", "tries": 3}, "succeeded_at": "S",
            "last_failure": {"at": "U", "problem": {"code": "away", "message": "Away."}},
        });
        assert_eq!(fares(&failing), "fails since T, 3 times in a row; last success S; last failure U: Away.");
        assert_eq!(fares(&json!({"wellbeing": {"state": "well"}, "succeeded_at": "S"})), "well; last success S");
    }

    #[test]
    fn a_length_is_told_in_its_largest_unit() {
        assert_eq!([900_000, 7_200_000, 1_500].map(length), ["15m", "2h", "1500 ms"]);
    }
}
