//! How often a feed is asked by a schedule that does not say so.

use serde_json::json;
use sluse_model::{Cadence, IntervalOf, Schedule};

use super::{
    super::{Catalog, settle_intervals, warnings},
    catalog, check, description, file, flow, name, parsed, told,
};

/// A connector with a setting that says how often its feed is asked, and a word of its own for that.
fn with_interval(usual_seconds: u32) -> Catalog<'static> {
    let mut description = description();
    description.settings_schema = json!({
        "properties": {"room": {}, "WatchInterval": {"x-sluse-interval": "new-boxes"}, "other": {"x-sluse-interval": "x"}},
    })
    .to_string();
    description.feeds[0].usual_interval_seconds = usual_seconds;
    Catalog { connectors: [(name("shelf"), description)].into(), ..catalog() }
}

/// The flow that fits and a schedule of these lines, with this among the connection's settings.
fn text(setting: &str, lines: &str) -> String {
    let with = flow("input = { title = \"box\" }").replace("room = \"A\"", &format!("room = \"A\"{setting}"));
    let schedule = "[[schedule]]\nname = \"often\"\nflow = \"store\"\nconnection = \"left\"\nfeed = \"new-boxes\"";
    format!("{with}\n{schedule}\n{lines}\n")
}

/// How often it is asked, in seconds, by whom; with findings and warnings.
fn settled(setting: &str, lines: &str, usual_seconds: u32) -> (u64, Option<IntervalOf>, String, String) {
    let mut parsed = parsed(&[file("a.toml", &text(setting, lines))]);
    let catalog = with_interval(usual_seconds);
    settle_intervals(&mut parsed, &[], &catalog);
    let schedule = parsed.schedules().next().expect("a schedule").clone();
    let Cadence::Every { every_ms, .. } = schedule.cadence else { panic!("{schedule:?}") };
    (every_ms / 1000, schedule.every_of, told(&check(&parsed, &catalog)), told(&warnings(&parsed, &catalog)))
}

#[test]
fn the_connection_says_how_often_else_the_connector() {
    let quiet = (String::new(), String::new());
    let check = |setting: &str, lines: &str, seconds, of| {
        let (every, every_of, findings, warnings) = settled(setting, lines, 180);
        assert_eq!((every, every_of, (findings, warnings)), (seconds, of, quiet.clone()), "{setting} {lines}");
    };
    check("", "", 180, Some(IntervalOf::Feed));
    check(", other = 70", "", 180, Some(IntervalOf::Feed));
    check(", WatchInterval = 90", "", 90, Some(IntervalOf::Settings));
    check(", WatchInterval = \"90\"", "jitter = \"30s\"", 90, Some(IntervalOf::Settings));
    check(", WatchInterval = 90", "every = \"5m\"", 300, None);
}

#[test]
fn what_is_unusual_is_told_and_what_cannot_be_is_refused() {
    for (seconds, is_unusual) in [(59, true), (60, false), (300, false), (301, true)] {
        let (every, _, findings, warnings) = settled(&format!(", WatchInterval = {seconds}"), "", 180);
        assert_eq!((every, findings.as_str()), (seconds, ""));
        assert_eq!(warnings.contains("`connection[0].settings.WatchInterval`: every"), is_unusual, "{warnings}");
    }
    for broken in ["0", "-60", "1.5", "\"often\"", "true", "99999999999"] {
        let (_, _, findings, _) = settled(&format!(", WatchInterval = {broken}"), "", 180);
        assert!(findings.contains("WatchInterval`: it says how often"), "{broken}: {findings}");
        assert_eq!(findings.lines().count(), 1, "{findings}");
    }
}

#[test]
fn nobody_says_how_often() {
    let (_, _, findings, _) = settled("", "", 0);
    assert!(findings.contains("`schedule[0].every`: `every` is missing"), "{findings}");
}

#[test]
fn a_stored_schedule_follows_when_its_connection_is_applied() {
    let catalog = with_interval(180);
    let mut before = parsed(&[file("a.toml", &text(", WatchInterval = 90", "jitter = \"40s\""))]);
    settle_intervals(&mut before, &[], &catalog);
    let stored: Vec<Schedule> = before.schedules().cloned().collect();
    let follow = |text: String| {
        let mut parsed = parsed(&[file("a.toml", &text)]);
        settle_intervals(&mut parsed, &stored, &catalog);
        parsed.followers
    };
    let only_connection = |setting: &str| {
        let all = text(setting, "");
        all[..all.find("[[flow]]").expect("a flow")].to_owned()
    };
    let followers = follow(only_connection(", WatchInterval = 60"));
    let expected = Cadence::Every { every_ms: 60_000, jitter_ms: 30_000 };
    assert_eq!(followers.iter().map(|one| one.cadence.clone()).collect::<Vec<_>>(), [expected]);
    assert_eq!(follow(only_connection(", WatchInterval = 90")), [], "it is as it was");
    assert_eq!(follow(only_connection(", WatchInterval = 60").replace("\"left\"", "\"right\"")), [], "another one's");
    let fixed = Schedule { every_of: None, ..stored[0].clone() };
    let mut again = parsed(&[file("a.toml", &only_connection(", WatchInterval = 60"))]);
    settle_intervals(&mut again, &[fixed], &catalog);
    assert_eq!(again.followers, [], "what was written down stays");
}
