//! What the owners of vivr promise.

use super::{Promise, Short, prove};
use systems::System;

pub(super) const PROMISES: &[Promise] = &[];

const SHORTS: &[Short] = &[];

#[test]
fn every_promise_of_vivr_is_proven_both_ways() {
    prove(System::Vivr, SHORTS, PROMISES);
}
