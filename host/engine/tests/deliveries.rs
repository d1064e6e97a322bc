//! Deliveries from acceptance to their end: the real engine on a real store, with a connector made of a closure.

#[path = "deliveries/acts.rs"]
mod acts; // what people do about them
#[path = "deliveries/attention.rs"]
mod attention; // whose work it is, and who is told
#[path = "deliveries/bench.rs"]
mod bench; // an engine to try things on
#[path = "deliveries/bulk.rs"]
mod bulk; // one act on many
#[path = "deliveries/callbacks.rs"]
mod callbacks; // what a target answers later
#[path = "deliveries/callers.rs"]
mod callers; // who goes away, and an engine that stops
#[path = "deliveries/calls.rs"]
mod calls; // one operation, and somebody who waits
#[path = "deliveries/clock.rs"]
mod clock; // a clock that is set
#[path = "deliveries/discovery.rs"]
mod discovery; // addresses that are asked for
#[path = "deliveries/feeds.rs"]
mod feeds; // what is found, and who hears of it
#[path = "deliveries/gates.rs"]
mod gates; // how much at once, how fast, and whether at all
#[path = "deliveries/granted.rs"]
mod granted; // files and numbers
#[path = "deliveries/journal.rs"]
mod journal; // what is known over attempts
#[path = "deliveries/on_failure.rs"]
mod on_failure; // what is started for a failure
#[path = "deliveries/once.rs"]
mod once; // what must happen once
#[path = "deliveries/order.rs"]
mod order; // what must not overtake
#[path = "deliveries/outcomes.rs"]
mod outcomes; // what each way of ending leads to
#[path = "deliveries/pauses.rs"]
mod pauses; // nothing begins
#[path = "deliveries/policies.rs"]
mod policies; // when to try again, and when no more
#[path = "deliveries/published.rs"]
mod published; // files that something has cut off
#[path = "deliveries/restart.rs"]
mod restart; // what a former process left behind
#[path = "deliveries/retention.rs"]
mod retention; // what is given up in time
#[path = "deliveries/rivals.rs"]
mod rivals; // calls beside a queue
#[path = "deliveries/schedules.rs"]
mod schedules; // what happens again and again
#[path = "deliveries/secrets.rs"]
mod secrets; // what a connector is handed
#[path = "deliveries/steps.rs"]
mod steps; // one step after the other
#[path = "deliveries/swap.rs"]
mod swap; // another revision meanwhile
#[path = "deliveries/watching.rs"]
mod watching; // what those see who watch
#[path = "deliveries/when.rs"]
mod when; // steps with conditions
