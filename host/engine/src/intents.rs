//! What one attempt has sent that must happen once, and what is known of it. The seam of the effect journal:
//! for now it lives as long as the attempt, and what it leaves in doubt goes to a person.

use sluse_connector::{Effect, Request};
use sluse_model::Doubt;

/// What is known of a request that must happen once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is on its way.
    UnderWay,
    /// It was sent, or may have been, and nobody knows what became of it.
    Open,
    /// The target did it.
    Happened,
    /// The target refused it, or it never left.
    DidNotHappen,
}

impl Standing {
    /// What a status says of a request that must happen once.
    ///
    /// 2xx and 3xx: it happened. 408, 500, 502 and 504 leave it open: these come from a target that broke, or
    /// from something before it that lost sight of it. Any other 4xx, 429 and 503: it did not happen.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            200..=399 => Self::Happened,
            408 => Self::Open,
            400..=499 | 503 => Self::DidNotHappen,
            _ => Self::Open,
        }
    }
}

/// Where a request goes; what is in doubt there holds up whatever else must happen once there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Destination {
    method: &'static str,
    endpoint: String,
    path: String,
}

impl Destination {
    fn of(request: &Request) -> Self {
        Self {
            method: request.method.as_str(),
            endpoint: request.endpoint.clone().unwrap_or_else(|| "default".into()),
            path: request.path.clone(),
        }
    }
}

#[derive(Debug)]
struct Intent {
    destination: Destination,
    /// The connector has looked before it sent, and will look again in another attempt.
    looked: bool,
    standing: Standing,
}

/// Names an intent of this attempt until it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IntentNumber(usize);

/// The requests of one attempt that must happen once.
#[derive(Debug, Default)]
pub(crate) struct Intents(Vec<Intent>);

/// An earlier request to the same place is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InDoubt;

impl Intents {
    /// Notes that a request is about to be sent. `None` for one that may be sent more than once.
    pub(crate) fn open(&mut self, request: &Request) -> Result<Option<IntentNumber>, InDoubt> {
        if request.effect != Effect::Once {
            return Ok(None);
        }
        let destination = Destination::of(request);
        let mut in_doubt =
            self.0.iter_mut().filter(|intent| intent.standing == Standing::Open && intent.destination == destination);
        if request.reconciled {
            in_doubt.for_each(|intent| intent.standing = Standing::DidNotHappen);
        } else if in_doubt.next().is_some() {
            return Err(InDoubt);
        }
        self.0.push(Intent { destination, looked: request.reconciled, standing: Standing::UnderWay });
        Ok(Some(IntentNumber(self.0.len() - 1)))
    }

    /// Notes what became of a request.
    pub(crate) fn close(&mut self, number: Option<IntentNumber>, standing: Standing) {
        if let Some(intent) = number.and_then(|IntentNumber(number)| self.0.get_mut(number)) {
            intent.standing = standing;
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The connector never heard what became of those from this number on: for it, they are open.
    pub(crate) fn unheard(&mut self, from: usize) {
        let unheard = self.0.iter_mut().skip(from).filter(|intent| intent.standing != Standing::DidNotHappen);
        unheard.for_each(|intent| intent.standing = Standing::Open);
    }

    /// What another attempt would put at risk.
    pub(crate) fn doubt(&self) -> Doubt {
        self.0
            .iter()
            .map(|intent| match intent.standing {
                Standing::Open | Standing::UnderWay => Doubt::Open,
                Standing::Happened if !intent.looked => Doubt::Happened,
                Standing::Happened | Standing::DidNotHappen => Doubt::None,
            })
            .max()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use sluse_connector::{Body, Method};

    use super::*;

    fn request(method: Method, path: &str, reconciled: bool) -> Request {
        Request {
            method,
            endpoint: None,
            path: path.into(),
            headers: Vec::new(),
            body: Body::Empty,
            timeout: None,
            effect: method.usual_effect(),
            intent_key: None,
            reconciled,
            keep: None,
        }
    }

    #[track_caller]
    fn check(status: u16, expected: Standing) {
        assert_eq!(Standing::of_status(status), expected, "{status}");
    }

    #[test]
    fn a_status_says_whether_it_happened() {
        for status in [200, 201, 204, 302, 304] {
            check(status, Standing::Happened);
        }
        for status in [400, 401, 403, 404, 409, 412, 422, 429, 503] {
            check(status, Standing::DidNotHappen);
        }
        for status in [408, 500, 501, 502, 504, 599] {
            check(status, Standing::Open);
        }
    }

    #[test]
    fn reads_leave_no_trace() {
        let mut intents = Intents::default();
        assert_eq!(intents.open(&request(Method::Get, "/a", false)), Ok(None));
        assert_eq!(intents.doubt(), Doubt::None);
    }

    #[test]
    fn what_is_in_doubt_holds_up_the_next_to_the_same_place() {
        let mut intents = Intents::default();
        let first = intents.open(&request(Method::Post, "/a", false)).expect("nothing is in doubt");
        intents.close(first, Standing::Open);
        assert_eq!(intents.open(&request(Method::Post, "/a", false)), Err(InDoubt));
        assert!(intents.open(&request(Method::Post, "/b", false)).is_ok());
    }

    #[test]
    fn requests_side_by_side_do_not_hold_each_other_up() {
        let mut intents = Intents::default();
        assert!(intents.open(&request(Method::Post, "/a", false)).is_ok());
        assert!(intents.open(&request(Method::Post, "/a", false)).is_ok());
        assert_eq!(intents.doubt(), Doubt::Open);
    }

    #[test]
    fn what_nobody_heard_of_holds_up_the_next_to_the_same_place() {
        let mut intents = Intents::default();
        let heard = intents.open(&request(Method::Post, "/a", false)).expect("nothing is in doubt");
        intents.close(heard, Standing::Happened);
        let from = intents.count();
        let happened = intents.open(&request(Method::Post, "/b", false)).expect("nothing is in doubt");
        intents.close(happened, Standing::Happened);
        intents.open(&request(Method::Post, "/c", false)).expect("nothing is in doubt");
        intents.unheard(from);
        assert!(intents.open(&request(Method::Post, "/a", false)).is_ok());
        assert_eq!(intents.open(&request(Method::Post, "/b", false)), Err(InDoubt));
        assert_eq!(intents.open(&request(Method::Post, "/c", false)), Err(InDoubt));
    }

    #[test]
    fn looking_settles_the_doubt() {
        let mut intents = Intents::default();
        let first = intents.open(&request(Method::Post, "/a", false)).expect("nothing is in doubt");
        intents.close(first, Standing::Open);
        let second = intents.open(&request(Method::Post, "/a", true)).expect("the connector has looked");
        assert_eq!(intents.doubt(), Doubt::Open);
        intents.close(second, Standing::Happened);
        assert_eq!(intents.doubt(), Doubt::None);
    }

    #[test]
    fn what_happened_blindly_must_not_be_repeated() {
        let mut intents = Intents::default();
        let number = intents.open(&request(Method::Post, "/a", false)).expect("nothing is in doubt");
        intents.close(number, Standing::Happened);
        assert_eq!(intents.doubt(), Doubt::Happened);
    }
}
