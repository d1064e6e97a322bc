//! How a request that passed every rule leaves: through the endpoint's client, or on a socket that is signed in. Either
//! way what is told of a failure says whether the target may have seen anything.

use std::{error::Error, time::Duration};

use http::{HeaderMap, Method};
use tokio::time::{Instant, timeout_at};
use url::{Position, Url};

use crate::{
    Refusal, Scrubber, SendError,
    body::{DepartingBody, Departure, Segments},
    client::Client,
    error::{cause, refused_certificate, told},
    ntlm::{Failure, Place, SignIns, User},
    sockets::Sockets,
};

/// A request that passed every rule.
pub(crate) struct Passed {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) segments: Segments,
    pub(crate) timeout: Duration,
    /// Presents what the credential has to present.
    pub(crate) client: Client,
}

impl Passed {
    /// As the client takes it.
    fn for_client(self, departure: &Departure) -> reqwest::Request {
        let mut request = reqwest::Request::new(self.method, self.url);
        *request.headers_mut() = self.headers;
        *request.body_mut() = Some(reqwest::Body::wrap(DepartingBody::new(self.segments, departure.clone())));
        request
    }

    /// As a socket of its own takes it.
    fn for_socket(self, place: &Place, departure: &Departure) -> Result<http::Request<DepartingBody>, Refusal> {
        let target = &self.url[Position::BeforePath..Position::AfterQuery];
        let mut request = http::Request::new(DepartingBody::new(self.segments, departure.clone()));
        *request.method_mut() = self.method;
        *request.uri_mut() = target
            .try_into()
            .map_err(|error| Refusal::new("path", format!("the path cannot be asked for: {error}")))?;
        *request.headers_mut() = self.headers;
        place.address(request.headers_mut());
        Ok(request)
    }
}

/// The ways out of one endpoint.
pub(crate) struct Ways {
    pub(crate) origin: String,
    pub(crate) sockets: Sockets,
    pub(crate) sign_ins: SignIns,
}

impl Ways {
    /// Sends it, once, and returns as soon as the head of the answer is here.
    pub(crate) async fn send(
        &self,
        passed: Passed,
        user: Option<User<'_>>,
        deadline: Instant,
        scrubber: &Scrubber,
    ) -> Result<reqwest::Response, SendError> {
        let departure = Departure::default();
        // The future is dropped before the departure is asked, so that nothing leaves after the answer.
        let outcome = match user {
            Some(user) => {
                let request = passed.for_socket(&self.sign_ins.place, &departure).map_err(SendError::Forbidden)?;
                timeout_at(deadline, self.sign_ins.send(user, request)).await.map(|sent| match sent {
                    Ok(response) => Ok(response.map(reqwest::Body::wrap).into()),
                    Err(Failure::Before(error)) => Err(error),
                    Err(Failure::OnTheWay(error)) => Err(self.failed(&error, &departure, scrubber)),
                })
            }
            None => {
                let client = passed.client.clone();
                let sent = timeout_at(deadline, client.execute(passed.for_client(&departure))).await;
                sent.map(|sent| sent.map_err(|error| self.failed(&error.without_url(), &departure, scrubber)))
            }
        };
        outcome.unwrap_or_else(|_| Err(self.timed_out(&departure)))
    }

    fn failed(&self, error: &(dyn Error + 'static), departure: &Departure, scrubber: &Scrubber) -> SendError {
        if let Some(refusal) = cause::<Refusal>(error) {
            return SendError::Forbidden(refusal.clone());
        }
        if let Some(alert) = refused_certificate(error) {
            // The target gave the connection up before it read a request from it.
            departure.call_off();
            return SendError::NotSignedIn(format!(
                "`{}` refused the certificate that was presented, or its absence ({alert:?}), and nothing happened there: present one that the target knows (`kind = \"client-certificate\"` with its `thumbprint` at {})",
                self.origin, self.sign_ins.place.endpoint
            ));
        }
        let told = told(error);
        let told = scrubber.scrub_text(&told);
        if departure.call_off() {
            SendError::Unreachable(format!("`{}` was not reached: {told}", self.origin))
        } else {
            SendError::Interrupted(format!("the exchange with `{}` broke off: {told}", self.origin))
        }
    }

    fn timed_out(&self, departure: &Departure) -> SendError {
        if departure.call_off() {
            SendError::Unreachable(format!("`{}` was not reached in time", self.origin))
        } else {
            SendError::Interrupted(format!("`{}` gave no answer in time", self.origin))
        }
    }
}
