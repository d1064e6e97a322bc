//! What happens again and again.

use super::{catalog, check, faults, file, flow, parsed, refuses, told};

/// A schedule of the flow that fits, with these lines.
fn schedule(lines: &str) -> String {
    format!("{}\n[[schedule]]\nname = \"often\"\n{lines}\n", flow("input = { title = \"box\" }"))
}

#[test]
fn what_fits_has_no_findings() {
    for lines in [
        "every = \"15m\"\njitter = \"1m\"\nflow = \"store\"\nconnection = \"left\"\nfeed = \"new-boxes\"",
        "cron = \"0 6 * * 1-5\"\nzone = \"Europe/Copenhagen\"\nflow = \"store\"\nsubmission = { what = \"shoes\" }\ncatch_up = \"1h 30m\"\noverlap = \"allow\"",
    ] {
        assert_eq!(told(&check(&parsed(&[file("a.toml", &schedule(lines))]), &catalog())), "", "{lines}");
    }
}

#[test]
fn the_example_is_read() {
    let text = include_str!("../../../../../examples/schedules/schedules.toml");
    let parsed = parsed(&[file("schedules.toml", text)]);
    let calendars: Vec<_> = parsed.schedules().map(|schedule| schedule.cadence.calendar().is_ok()).collect();
    assert_eq!(calendars, [true, true]);
}

#[test]
fn a_schedule_says_when() {
    refuses(
        &schedule("flow = \"store\"").replace("[[schedule]]", "[[schedule]] # ◄"),
        "schedule[0]",
        "`every` is missing",
    );
    refuses(&schedule("every = \"15\" # ◄\nflow = \"store\""), "schedule[0].every", "`15m`");
    refuses(
        &schedule("every = \"15m\" # ◄\ncron = \"* * * * *\"\nzone = \"UTC\"\nflow = \"store\""),
        "schedule[0].every",
        "not both",
    );
    let without_zone = schedule("cron = \"* * * * *\"\nflow = \"store\"").replace("[[schedule]]", "[[schedule]] # ◄");
    refuses(&without_zone, "schedule[0]", "`zone` is missing");
    refuses(
        &schedule("every = \"1h\"\noverlap = \"skipp\" # ◄\nflow = \"store\""),
        "schedule[0].overlap",
        "did you mean `skip`?",
    );
    let both = "every = \"1h\"\nflow = \"store\"\nconnection = \"left\"\nfeed = \"new-boxes\"\nsubmission = { what = \"x\" } # ◄";
    refuses(&schedule(both), "schedule[0].submission", "leave out");
}

#[test]
fn a_flow_that_needs_files_is_not_started_without_any() {
    let lines = "every = \"1h\"\nflow = \"store\" # ◄\nsubmission = { what = \"shoes\" }";
    let text = schedule(lines).replace("name = \"store\"", "name = \"store\"\nmin_attachments = 1");
    faults(&text, "schedule[0].flow", "flow `store` needs files (`min_attachments`), and a schedule has none");
    let polled = "every = \"1h\"\nflow = \"store\"\nconnection = \"left\"\nfeed = \"new-boxes\"";
    let text = schedule(polled).replace("name = \"store\"", "name = \"store\"\nmin_attachments = 1");
    assert_eq!(told(&check(&parsed(&[file("a.toml", &text)]), &catalog())), "");
}

#[test]
fn a_time_comes() {
    let cron = |cron: &str, zone: &str| {
        schedule(&format!("cron = \"{cron}\" # cron\nzone = \"{zone}\" # zone\nflow = \"store\"\nsubmission = {{}}"))
    };
    let never = cron("0 0 31 2,4 *", "Europe/Copenhagen").replace("# cron", "# ◄");
    faults(&never, "schedule[0].cron", "never comes");
    let broken = cron("0 25 * * *", "Europe/Copenhagen").replace("# cron", "# ◄");
    faults(&broken, "schedule[0].cron", "five fields");
    faults(&broken, "schedule[0].cron", "`25` is no hour (0 to 23)");
    let month = cron("0 6 1 13 *", "Europe/Copenhagen").replace("# cron", "# ◄");
    faults(&month, "schedule[0].cron", "`13` is no month (1 to 12)");
    let nowhere = cron("0 6 * * *", "Europe/Copenhagn").replace("# zone", "# ◄");
    faults(&nowhere, "schedule[0].zone", "did you mean `Europe/Copenhagen`?");
    for (key, line) in [
        ("every", "every = \"99999999999999h\" # ◄"),
        ("jitter", "every = \"1h\"\njitter = \"99999999999999h\" # ◄"),
        ("catch_up", "every = \"1h\"\ncatch_up = \"99999999999999h\" # ◄"),
    ] {
        let endless = schedule(&format!("{line}\nflow = \"store\"\nsubmission = {{}}"));
        faults(&endless, &format!("schedule[0].{key}"), "");
    }
    let narrow = schedule("every = \"10s\"\njitter = \"6s\" # ◄\nflow = \"store\"\nsubmission = {}");
    faults(&narrow, "schedule[0].jitter", "half of `every`");
}

#[test]
fn what_it_asks_for_is_there() {
    let of =
        |flow: &str, connection: &str, feed: &str| schedule(&format!("every = \"1h\"\n{flow}\n{connection}\n{feed}"));
    let (flow, connection, feed) = ("flow = \"store\"", "connection = \"left\"", "feed = \"new-boxes\"");
    faults(&of("flow = \"stor\" # ◄", connection, feed), "schedule[0].flow", "did you mean `store`?");
    faults(&of(flow, "connection = \"lef\" # ◄", feed), "schedule[0].connection", "did you mean `left`?");
    faults(&of(flow, connection, "feed = \"new-box\" # ◄"), "schedule[0].feed", "did you mean `new-boxes`?");
    faults(&of(flow, connection, &format!("{feed}\noverlap = \"allow\" # ◄")), "schedule[0].overlap", "once at a time");
}

#[test]
fn a_submission_fits_the_flow() {
    let text = schedule("every = \"1h\"\nflow = \"store\"\nsubmission = { what = 7 } # ◄");
    faults(&text, "schedule[0].submission.what", "flow `store` expects the type string");
}

#[test]
fn no_flow_is_called_as_the_host_s_own() {
    for own in ["settle", "call"] {
        let named = format!("name = \"{own}\" # ◄");
        let text = flow("input = { title = \"box\" }").replace("name = \"store\"", &named);
        faults(&text, "flow[0].name", "the host's own flow");
    }
}
