//! Tries a connection without changing anything: asks for what waits, and takes none of it.

use sluse_sdk::{Call, Failure, Finding, member};

use crate::{poll, settings::Settings};

pub(crate) fn run(call: &Call<Settings>) -> Result<Vec<Finding>, Failure> {
    let settings = &call.settings;
    settings.verify()?;
    let waiting = match poll::waiting(settings) {
        Ok(waiting) => waiting,
        // What cannot be asked now is not a finding about the settings.
        Err(failure @ Failure::Unavailable(_)) => return Err(failure),
        Err(failure @ Failure::Denied(_)) => {
            return Ok(vec![Finding::refused("sign-in", &failure)]);
        }
        Err(failure) => return Ok(vec![Finding::refused("deliveries", &failure)]),
    };
    let count = |name: &str| member::list(&waiting, name).map_or(0, <[_]>::len);
    let (sd, prisme) = (count(&settings.names.sd), count(&settings.names.prisme));
    Ok(vec![
        Finding::passed("sign-in", "XFlow godtager forbindelsens token."),
        Finding::passed("deliveries", format!("Der venter {sd} poster til SD Løn og {prisme} til Prisme.")),
    ])
}
