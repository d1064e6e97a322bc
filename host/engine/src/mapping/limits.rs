//! The numbers that bound a mapping, each with its reason.

/// A text in a flow is a template for a line or a letter.
pub(crate) const MAX_TEMPLATE_BYTES: usize = 64 << 10;
/// Longer than any expression that a person can read.
pub(crate) const MAX_EXPRESSION_BYTES: usize = 4 << 10;
/// Each part of an expression may hold one text, so this times [`MAX_TEXT_BYTES`] bounds the memory of a rendering.
pub(crate) const MAX_EXPRESSION_NODES: usize = 200;
/// The walks over an expression are recursive; MiniJinja's parser allows 150.
pub(crate) const MAX_EXPRESSION_DEPTH: usize = 60;
/// A step's input is written by hand.
pub(crate) const MAX_INPUT_NODES: usize = 10_000;
/// A step's input is written by hand.
pub(crate) const MAX_INPUT_DEPTH: usize = 32;
/// A text that is computed with. A text that is only handed on whole may have any length.
pub(crate) const MAX_TEXT_BYTES: usize = 256 << 10;
/// The values of one variable that an expression computes with: a form has hundreds.
pub(crate) const MAX_SCOPE_NODES: usize = 20_000;
/// The items of a list that `pick` and `add_fields` rebuild.
pub(crate) const MAX_REBUILT_ITEMS: usize = 1_000;
/// A rendered input; large content travels as attachments.
pub(crate) const MAX_OUTPUT_BYTES: usize = 8 << 20;
/// `serde_json` reads 127 levels.
pub(crate) const MAX_OUTPUT_DEPTH: usize = 100;
/// Instructions of one expression. With [`MAX_EXPRESSION_NODES`] it is never reached: a second fence.
pub(crate) const FUEL: u64 = 10_000;
/// More digits than any amount has.
pub(crate) const MAX_DIGITS: usize = 60;
/// The texts that `map` makes, taken together.
pub(crate) const MAX_MAPPED_BYTES: usize = 1 << 20;
