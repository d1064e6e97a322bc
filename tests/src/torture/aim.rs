//! Where a kill is aimed, as the dice say. A way of ending a host that is new begins here: a line in [`AIMS`], and
//! what is done for it in `strike`.

use std::time::Duration;

use super::{
    dice::Dice,
    faults::{DISK_FAULTS, Effect, Fault, Files, WRITING_CALLS},
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
    (8, Kind::At(Moment::Taken)),
    (4, Kind::Activation),
    (30, Kind::Border),
    (18, Kind::Disk),
];

/// A life without a fault of its own is not longer than this.
const LONGEST_LIFE: Duration = Duration::from_millis(250);

/// What an ordinary start takes, and a little more.
const LONGEST_START: Duration = Duration::from_millis(60);

/// A moment is let pass so often, at most: early ones meet a host that has just begun. There is one poll in a second.
fn most_skipped(moment: Moment) -> u64 {
    match moment {
        Moment::GivingOut => 1,
        Moment::Hearing | Moment::Taken => 4,
        _ => 60,
    }
}

/// What follows a moment has happened after this time.
const LATER: Duration = Duration::from_millis(4);

/// What compiling and activating a revision takes.
const LONGEST_ACTIVATION: Duration = Duration::from_millis(900);

/// The disk fails each of the first so many calls; a life has some more.
const CALLS: u64 = 200;

/// A run that nothing follows comes so deep: here with the disk that fails, and here with kills.
const SPREAD_CALLS: u64 = 60;
const SPREAD_BORDERS: u64 = 200;

/// Such a run fails each kind of call so often, or a little more: each time deeper.
const STRATA: u64 = 3;

/// Such a run meets so many of the first borders, where a host starts, before it begins anywhere.
const FIRST_BORDERS: u64 = 4;

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
    /// For a run that nothing follows: behind the first borders, any one of so many is met, by kind.
    #[serde(default)]
    spread: Option<[u64; WRITING_CALLS.len()]>,
}

impl Borders {
    /// Those of a run that nothing follows. It cannot meet one after the other, so it takes its share of all of them.
    pub fn spread() -> Self {
        Self { spread: Some([SPREAD_BORDERS; WRITING_CALLS.len()]), ..Self::default() }
    }

    /// The next one.
    fn next(&mut self, dice: &mut Dice) -> Fault {
        self.turn = (self.turn + 1) % WRITING_CALLS.len();
        let last = &mut self.met[self.turn];
        *last = match self.spread {
            Some(depths) if *last >= FIRST_BORDERS => FIRST_BORDERS + 1 + dice.below(depths[self.turn]),
            _ => *last + 1,
        };
        Fault { call: WRITING_CALLS[self.turn], effect: Effect::Kill, files: Files::All, first: *last, last: *last }
    }

    /// The next one at which the disk fails. It may be full for longer than one call.
    fn next_failing(&mut self, dice: &mut Dice) -> Fault {
        let kinds = DISK_FAULTS.len() as u64;
        let (kind, turn) = (self.failed % kinds, self.failed / kinds);
        self.failed += 1;
        let (effect, call, files) = DISK_FAULTS[kind as usize];
        let first = match self.spread {
            Some(_) => {
                let stratum = (files.of(SPREAD_CALLS) / STRATA).max(1);
                1 + turn % STRATA * stratum + dice.below(stratum)
            }
            None => 1 + turn % files.of(CALLS),
        };
        let last = if effect == Effect::FullDisk { first + dice.below(FULL_FOR) } else { first };
        Fault { call, effect, files, first, last }
    }

    /// A life ended without having met the last one: begins anew with its first call, or no more as deep as that.
    pub(super) fn begin_anew(&mut self) {
        let last = &mut self.met[self.turn];
        match &mut self.spread {
            Some(depths) if *last > FIRST_BORDERS => depths[self.turn] = *last - FIRST_BORDERS - 1,
            _ => *last = 0,
        }
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
            Kind::Border if has_strace => Self::Traced(borders.next(dice)),
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
            Self::At { moment: Moment::Taken, .. } => "taken",
            Self::Activation(_) => "activation",
            Self::Traced(Fault { effect: Effect::Kill, .. }) => "write-border",
            Self::Traced(Fault { effect: Effect::BrokenDisk, .. }) => "broken-disk",
            Self::Traced(Fault { effect: Effect::FullDisk, .. }) => "full-disk",
            Self::Suspended(_) => "suspended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_followed_meets_one_after_the_other() {
        let (mut borders, mut dice) = (Borders::default(), Dice::of(1, "aims", 0));
        let kills: Vec<_> = (0..6).map(|_| borders.next(&mut dice)).map(|fault| (fault.call, fault.first)).collect();
        assert_eq!(kills, [("fsync", 1), ("write", 1), ("pwrite64", 1), ("fsync", 2), ("write", 2), ("pwrite64", 2)]);
        borders.begin_anew();
        assert_eq!([0; 3].map(|_| borders.next(&mut dice).first), [3, 3, 1]);
        let kinds = DISK_FAULTS.len();
        let failing: Vec<_> = (0..2 * kinds).map(|_| borders.next_failing(&mut dice).first).collect();
        assert!(failing[..kinds].iter().all(|first| *first == 1), "{failing:?}");
        assert!(failing[kinds..2 * kinds - 1].iter().all(|first| *first == 2), "{failing:?}");
    }

    #[test]
    fn a_run_that_nothing_follows_comes_deep() {
        let (mut borders, mut dice) = (Borders::spread(), Dice::of(1, "aims", 0));
        let mut kills: Vec<_> = (0..54).map(|_| borders.next(&mut dice).first).collect();
        assert_eq!(kills[..12], [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
        kills.sort_unstable();
        assert!(kills[0] > 0 && kills[53] > 100 && kills[53] <= FIRST_BORDERS + SPREAD_BORDERS, "{kills:?}");
        let faults: Vec<_> = (0..24).map(|_| borders.next_failing(&mut dice)).collect();
        for (effect, call, files) in DISK_FAULTS {
            let of = |fault: &&Fault| (fault.effect, fault.call, fault.files) == (effect, call, files);
            let firsts: Vec<_> = faults.iter().filter(of).map(|fault| fault.first).collect();
            let stratum = (files.of(SPREAD_CALLS) / STRATA).max(1);
            let strata: Vec<_> = firsts.iter().map(|first| (first - 1) / stratum).collect();
            assert_eq!(strata, [0, 1, 2], "{call}: {firsts:?}");
        }
    }

    #[test]
    fn what_was_not_met_is_not_passed_again() {
        let (mut borders, mut dice) = (Borders::spread(), Dice::of(1, "aims", 0));
        borders.met = [FIRST_BORDERS; WRITING_CALLS.len()];
        let number = borders.next(&mut dice).first;
        borders.begin_anew();
        let turn = borders.turn;
        for _ in 0..50 {
            borders.turn = turn + WRITING_CALLS.len() - 1;
            assert!(borders.next(&mut dice).first <= number.max(FIRST_BORDERS + 1));
        }
    }
}
