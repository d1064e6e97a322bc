//! The main job, from outside: a real host in a process of its own, a simulated WorkZone, the shipped connector.

#[path = "main_job/access.rs"]
mod access; // who may ask for what
#[path = "main_job/acts.rs"]
mod acts; // what people do about what failed
#[path = "main_job/basic.rs"]
mod basic; // a user who is let in by Basic
#[path = "main_job/booking.rs"]
mod booking; // an API in plain JSON that no connector was written for
#[path = "main_job/callbacks.rs"]
mod callbacks; // an outside API that answers later
#[path = "main_job/case.rs"]
mod case; // a submission becomes a complete case
#[path = "main_job/certificates.rs"]
mod certificates; // a target that lets in by client certificate
#[path = "main_job/commands.rs"]
mod commands; // what the command line says, and its exit codes
#[path = "../../host/api/tests/support/contract.rs"]
mod contract; // what is sent, held against docs/openapi.json
#[path = "main_job/cxone.rs"]
mod cxone; // a tenant of CXone
#[path = "main_job/described.rs"]
mod described; // every endpoint answers as it is described
#[path = "main_job/disk.rs"]
mod disk; // a disk that is full
#[path = "main_job/doors.rs"]
mod doors; // an API with a door for each way of signing in
#[path = "main_job/entra.rs"]
mod entra; // a token that is not given
#[path = "main_job/examples.rs"]
mod examples; // every example does what its README says
#[path = "main_job/external.rs"]
mod external; // an outside API, and signed notices
#[path = "main_job/failures.rs"]
mod failures; // what becomes of what fails
#[path = "main_job/faults.rs"]
mod faults; // what the target may do
#[path = "main_job/feeds.rs"]
mod feeds; // an inbox that is polled
#[path = "main_job/files_from_target.rs"]
mod files_from_target; // what a target answers, kept
#[path = "main_job/folders.rs"]
mod folders; // files that are taken at any moment
#[allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "shared with the tests of the sandbox")]
#[path = "../../host/sandbox/tests/support/guest.rs"]
mod guest; // components written as text
#[path = "main_job/guidance.rs"]
mod guidance; // what to type next
#[path = "main_job/hostile.rs"]
mod hostile; // connectors that loop, trap, shout
#[path = "main_job/interact.rs"]
mod interact; // submitted forms become cases, and Interact hears of it
#[path = "main_job/json_api.rs"]
mod json_api; // what settings alone make of it
#[path = "main_job/large_files.rs"]
mod large_files; // files larger than memory
#[path = "main_job/mileage.rs"]
mod mileage; // claims that would be paid twice
#[path = "main_job/monitoring.rs"]
mod monitoring; // a feed that fails is seen by those who watch
#[path = "main_job/ntlm.rs"]
mod ntlm; // a user of the directory signs in
#[path = "main_job/paused.rs"]
mod paused; // started to look first
#[path = "main_job/payroll.rs"]
mod payroll; // one answer for SD Løn and Prisme
#[path = "main_job/refusals.rs"]
mod refusals; // bad input, each with a clear error
#[path = "main_job/secrecy.rs"]
mod secrecy; // where a secret must not be
#[path = "main_job/shares.rs"]
mod shares; // folders that cannot be used for a while
#[path = "main_job/site.rs"]
mod site; // a host with a WorkZone
#[path = "main_job/stopping.rs"]
mod stopping; // asked to stop
#[path = "main_job/swap.rs"]
mod swap; // a newer connector under load
#[path = "main_job/synchronous.rs"]
mod synchronous; // somebody waits for the answer
#[path = "main_job/town.rs"]
mod town; // Interact and WorkZone, and a host between them
#[path = "main_job/withdrawal.rs"]
mod withdrawal; // a secret's confirmation taken back
