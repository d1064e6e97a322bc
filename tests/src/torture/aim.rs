//! Where a kill is aimed, as the dice say. A way of ending a host that is new begins here: a line in [`AIMS`], and
//! what is done for it in `strike`.

use std::time::Duration;

use super::{
    dice::Dice,
    faults::{DISK_FAULTS, Effect, Fault, WRITING_CALLS},
    tripwire::Moment,
};

/// What is done to one life of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Aim {
    /// A kill after this time.
    Random(Duration),
    /// A kill this long after its process began, before or after it serves.
    Starting(Duration),
    /// A kill when the moment comes for this time, and so much later.
    At { moment: Moment, skip: u64, later: Duration },
    /// A kill so long after a new revision was handed in.
    Activation(Duration),
    /// What strace does.
    Traced(Fault),
    /// It is suspended for this long, and killed after it has gone on.
    Suspended(Duration),
}

/// Kinds of aims.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Random,
    Starting,
    At(Moment),
    Activation,
    Border,
    Disk,
}

/// How often each.
const AIMS: &[(u64, Kind)] = &[
    (15, Kind::Random),
    (10, Kind::Starting),
    (8, Kind::At(Moment::Submitting)),
    (12, Kind::At(Moment::Acknowledged)),
    (12, Kind::At(Moment::Requested)),
    (12, Kind::At(Moment::Committed)),
    (12, Kind::At(Moment::Answered)),
    (6, Kind::At(Moment::CallingBack)),
    (6, Kind::At(Moment::CalledBack)),
    (8, Kind::At(Moment::GivingOut)),
    (6, Kind::At(Moment::Hearing)),
    (4, Kind::Activation),
    (30, Kind::Border),
    (10, Kind::Disk),
];

/// A life without a fault of its own is not longer than this.
const LONGEST_LIFE: Duration = Duration::from_millis(250);

/// What an ordinary start takes, and a little more.
const LONGEST_START: Duration = Duration::from_millis(60);

/// A moment is let pass so often, at most: early ones meet a host that has just begun. There is one poll in a second.
fn most_skipped(moment: Moment) -> u64 {
    match moment {
        Moment::GivingOut => 1,
        Moment::Hearing => 4,
        _ => 60,
    }
}

/// What follows a moment has happened after this time.
const LATER: Duration = Duration::from_millis(4);

/// What compiling and activating a revision takes.
const LONGEST_ACTIVATION: Duration = Duration::from_millis(900);

/// The disk fails each of the first so many calls; a life has some more.
const CALLS: u64 = 200;

/// The disk is full for so many calls.
const FULL_FOR: u64 = 12;

/// One of so many lives is suspended: it takes as long as thirty others.
const SUSPENDED_EACH: u64 = 150;

/// Longer than a lease.
const SUSPENSION: Duration = Duration::from_millis(5500);

/// The borders that are met by every one of [`WRITING_CALLS`], one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Borders {
    turn: usize,
    /// The last call of each kind that a host was killed at.
    met: [u64; WRITING_CALLS.len()],
    /// How often the disk has failed: each of [`DISK_FAULTS`] at one call after the other.
    #[serde(default)]
    failed: u64,
}

impl Borders {
    /// The next one.
    fn next(&mut self) -> Fault {
        self.turn = (self.turn + 1) % WRITING_CALLS.len();
        self.met[self.turn] += 1;
        let number = self.met[self.turn];
        Fault { call: WRITING_CALLS[self.turn], effect: Effect::Kill, first: number, last: number }
    }

    /// The next one at which the disk fails. It may be full for longer than one call.
    fn next_failing(&mut self, dice: &mut Dice) -> Fault {
        let kinds = DISK_FAULTS.len() as u64;
        let (kind, first) = (self.failed % kinds, 1 + self.failed / kinds % CALLS);
        self.failed += 1;
        let (effect, call) = DISK_FAULTS[kind as usize];
        let last = if effect == Effect::FullDisk { first + dice.below(FULL_FOR) } else { first };
        Fault { call, effect, first, last }
    }

    /// A life ended without having met the last one: begins anew with its first call.
    pub(super) fn begin_anew(&mut self) {
        self.met[self.turn] = 0;
    }
}

impl Aim {
    /// The aim of kill number `number`. Without strace, what needs it is aimed at random.
    pub(super) fn choose(dice: &mut Dice, number: u64, borders: &mut Borders, has_strace: bool) -> Self {
        if number % SUSPENDED_EACH == SUSPENDED_EACH / 2 {
            return Self::Suspended(SUSPENSION);
        }
        match dice.pick(AIMS) {
            Kind::Starting => Self::Starting(dice.duration(LONGEST_START)),
            Kind::At(moment) => {
                // Half of them at the very moment.
                let later = if dice.below(2) == 0 { Duration::ZERO } else { dice.duration(LATER) };
                Self::At { moment, skip: dice.below(most_skipped(moment)), later }
            }
            Kind::Activation => Self::Activation(dice.duration(LONGEST_ACTIVATION)),
            Kind::Border if has_strace => Self::Traced(borders.next()),
            Kind::Disk if has_strace => Self::Traced(borders.next_failing(dice)),
            Kind::Random | Kind::Border | Kind::Disk => Self::Random(dice.duration(LONGEST_LIFE)),
        }
    }

    /// What it is counted as.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Random(_) => "random",
            Self::Starting(_) => "starting",
            Self::At { moment: Moment::Submitting, .. } => "submitting",
            Self::At { moment: Moment::Acknowledged, .. } => "acknowledged",
            Self::At { moment: Moment::Requested, .. } => "requested",
            Self::At { moment: Moment::Committed, .. } => "committed",
            Self::At { moment: Moment::Answered, .. } => "answered",
            Self::At { moment: Moment::CallingBack, .. } => "calling-back",
            Self::At { moment: Moment::CalledBack, .. } => "called-back",
            Self::At { moment: Moment::GivingOut, .. } => "giving-out",
            Self::At { moment: Moment::Hearing, .. } => "hearing",
            Self::Activation(_) => "activation",
            Self::Traced(Fault { effect: Effect::Kill, .. }) => "write-border",
            Self::Traced(Fault { effect: Effect::BrokenDisk, .. }) => "broken-disk",
            Self::Traced(Fault { effect: Effect::FullDisk, .. }) => "full-disk",
            Self::Suspended(_) => "suspended",
        }
    }
}
