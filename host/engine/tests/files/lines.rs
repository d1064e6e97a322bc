//! What is left of many lines: the beginning, and what came before the end.

use sluse_connector::{Breakage, BreakageKind};
use sluse_model::{RunState, TimelineLevel};

use crate::bench::{Act, Bench, Target};

#[tokio::test]
async fn the_lines_before_a_trap_are_kept() {
    let target = Target::start(&[Act::Answer(200)]).await;
    let bench = Bench::start(&target.url, |_, _, _, mut host| async move {
        for number in 0..5_000 {
            host.log(TimelineLevel::Info, format!("line {number}"));
        }
        host.log(TimelineLevel::Error, "this is why".into());
        Err(Breakage { kind: BreakageKind::Trapped, message: "unreachable".into() })
    })
    .await;
    let run = bench.submit("x").await;
    assert_eq!(bench.settled(run).await.run.state, RunState::Attention);
    let timeline = bench.first_delivery(run).await.timeline;
    let position = |message: &str| timeline.iter().position(|line| line.message.contains(message));
    let (first, mark, last) = (position("line 0"), position("4001 lines are left out"), position("this is why"));
    assert!(first.is_some() && first < mark && mark < last, "{first:?} {mark:?} {last:?}");
    let next = mark.map(|mark| timeline[mark + 1].message.as_str());
    assert_eq!(next, Some("line 4201"));
}
