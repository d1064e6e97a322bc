//! What a connector can be asked to do: a name, two schemas and a function. The types of the function
//! decide the schemas, so they cannot disagree.

use crate::bindings::connector::sluse::connector::types as wire;
use crate::{Call, Failure, json, schema};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;

pub use wire::{Arrival, CallbackAnswer};

type Schema = fn() -> String;
type Execute<S> = fn(&Call<S>, &str) -> Result<wire::Outcome, Failure>;
type Resume<S> = fn(&Call<S>, &str, &str, Arrival) -> Result<wire::Outcome, Failure>;

/// One operation of a connector. Made by [`operation!`](crate::operation).
pub struct Operation<S: 'static> {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) reads_only: bool,
    pub(crate) input_schema: Schema,
    pub(crate) output_schema: Schema,
    pub(crate) execute: Execute<S>,
    pub(crate) resume: Option<Resume<S>>,
}

impl<S> Operation<S> {
    /// Called by [`operation!`](crate::operation).
    #[doc(hidden)]
    #[must_use]
    pub const fn new(
        name: &'static str,
        title: &'static str,
        summary: &'static str,
        (input_schema, output_schema): (Schema, Schema),
        execute: Execute<S>,
    ) -> Self {
        Self { name, title, summary, reads_only: false, input_schema, output_schema, execute, resume: None }
    }

    /// It changes nothing at the target, so it may be called at any time and as often as one likes.
    #[must_use]
    pub const fn reads_only(mut self) -> Self {
        self.reads_only = true;
        self
    }

    /// Called by [`operation!`](crate::operation).
    #[doc(hidden)]
    #[must_use]
    pub const fn resumed_by(mut self, resume: Resume<S>) -> Self {
        self.resume = Some(resume);
        self
    }
}

impl<S> fmt::Debug for Operation<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Operation").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How an operation that may wait ends: with its output, or with the state that `resume` gets back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<T> {
    /// It is done.
    Done(T),
    /// It was started, and the target will call back; the text is handed to the resuming function.
    Waiting(String),
}

impl<T> Reply<T> {
    /// Waits, and keeps `state` for the function that resumes.
    ///
    /// # Errors
    /// `invalid` when the state has no JSON form.
    pub fn waiting(state: &impl Serialize) -> Result<Self, Failure> {
        Ok(Self::Waiting(serde_json::to_string(state)?))
    }
}

/// What a handler may return: its output, or a [`Reply`] with it.
pub trait IntoOutcome {
    /// The output; its JSON Schema is the operation's output schema.
    type Output: JsonSchema;

    /// Writes the outcome as the host reads it.
    ///
    /// # Errors
    /// `invalid` when the output has no JSON form.
    #[doc(hidden)]
    fn into_outcome(self) -> Result<wire::Outcome, Failure>;
}

impl<T: Serialize + JsonSchema> IntoOutcome for T {
    type Output = T;

    fn into_outcome(self) -> Result<wire::Outcome, Failure> {
        Ok(wire::Outcome::Done(serde_json::to_string(&self)?))
    }
}

impl<T: Serialize + JsonSchema> IntoOutcome for Reply<T> {
    type Output = T;

    fn into_outcome(self) -> Result<wire::Outcome, Failure> {
        match self {
            Self::Done(output) => output.into_outcome(),
            Self::Waiting(state) => Ok(wire::Outcome::Waiting(state)),
        }
    }
}

/// An operation: its name, title, summary and the function that does it.
///
/// The function takes `&Call<Settings>` and an input that serde reads and schemars describes; it returns
/// `Result<Output, Failure>` or `Result<Reply<Output>, Failure>`. A function that may return
/// [`Reply::Waiting`] names the one that goes on: `resume: finish`, with the parameters
/// `(&Call<Settings>, Input, State, Arrival)`.
///
/// ```
/// # use sluse_sdk::prelude::*;
/// # #[derive(Deserialize, JsonSchema)] struct Settings {}
/// # #[derive(Deserialize, JsonSchema)] struct Order { number: u32 }
/// # #[derive(Serialize, JsonSchema)] struct Placed { reference: String }
/// # #[derive(Serialize, Deserialize)] struct Started { number: u32 }
/// fn place(call: &Call<Settings>, order: Order) -> Result<Reply<Placed>, Failure> {
///     let address = callbacks::open(86_400_000)?;
///     Request::post("/orders").header("Reply-To", &address).json(&order.number)?.send()?.require_success()?;
///     Reply::waiting(&Started { number: order.number })
/// }
///
/// fn placed(call: &Call<Settings>, _: Order, state: Started, arrival: Arrival) -> Result<Placed, Failure> {
///     match arrival {
///         Arrival::Answered(_) => Ok(Placed { reference: state.number.to_string() }),
///         Arrival::TimedOut => Err(Failure::unknown("no-answer", "The shop never answered.")),
///     }
/// }
///
/// const PLACE: Operation<Settings> = operation!("place", "Place", "Places an order.", place, resume: placed);
/// const LOOK: Operation<Settings> = operation!("look", "Look", "Looks.", look).reads_only();
/// # fn look(_: &Call<Settings>, _: Order) -> Result<Placed, Failure> { Ok(Placed { reference: String::new() }) }
/// ```
#[macro_export]
macro_rules! operation {
    ($name:expr, $title:expr, $summary:expr, $handler:path $(, resume: $resume:path)? $(,)?) => {
        $crate::Operation::new(
            $name,
            $title,
            $summary,
            (
                || $crate::__private::input_schema(&$handler),
                || $crate::__private::output_schema(&$handler),
            ),
            |call, input| $crate::__private::execute(call, input, $handler),
        )
        $(.resumed_by(|call, input, state, arrival| {
            $crate::__private::resume(call, input, state, arrival, $resume)
        }))?
    };
}

/// The schema of a handler's input.
pub fn input_schema<S, I, R, H>(_: &H) -> String
where
    I: JsonSchema,
    H: Fn(&Call<S>, I) -> Result<R, Failure>,
{
    schema::of_input::<I>()
}

/// The schema of a handler's output.
pub fn output_schema<S, I, R, H>(_: &H) -> String
where
    R: IntoOutcome,
    H: Fn(&Call<S>, I) -> Result<R, Failure>,
{
    schema::of_output::<R::Output>()
}

/// Reads the input, calls the handler, writes the outcome.
///
/// # Errors
/// The handler's failure, or `invalid` when the input does not fit.
pub fn execute<S, I, R, H>(call: &Call<S>, input: &str, handler: H) -> Result<wire::Outcome, Failure>
where
    I: DeserializeOwned,
    R: IntoOutcome,
    H: Fn(&Call<S>, I) -> Result<R, Failure>,
{
    handler(call, read_input(input)?)?.into_outcome()
}

/// Reads input and state, calls the handler, writes the outcome.
///
/// # Errors
/// The handler's failure, or `invalid` when the input or the state does not fit.
pub fn resume<S, I, T, R, H>(
    call: &Call<S>,
    input: &str,
    state: &str,
    arrival: Arrival,
    handler: H,
) -> Result<wire::Outcome, Failure>
where
    I: DeserializeOwned,
    T: DeserializeOwned,
    R: IntoOutcome,
    H: Fn(&Call<S>, I, T, Arrival) -> Result<R, Failure>,
{
    let state = json::parse(state, "state-does-not-fit", "The state that an earlier version left behind does")?;
    handler(call, read_input(input)?, state, arrival)?.into_outcome()
}

fn read_input<I: DeserializeOwned>(input: &str) -> Result<I, Failure> {
    json::parse(input, "input-does-not-fit", "The input does")
}
