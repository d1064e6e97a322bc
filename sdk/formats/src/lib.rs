#![doc = include_str!("../README.md")]

pub mod charset; // which bytes a character is
pub mod cut; // what does not fit
pub mod date; // the calendar, and how a day is written
pub mod decimal; // amounts and kilometres, as text
pub mod file; // a file in a granted folder
pub mod forbidden; // what must not stand in a value
pub mod identity; // CPR and CVR numbers
pub mod layout; // rows become lines, as settings say
mod unfit; // why a value cannot be written
pub mod xml; // a small tree, read and written

pub use charset::Charset;
pub use date::{Date, DateFormat};
pub use identity::{Cpr, Cvr};
pub use layout::Layout;
pub use unfit::Unfit;
