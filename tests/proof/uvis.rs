//! What the owners of uvis promise.

use super::{Promise, Short, prove};
use systems::System;

pub(super) const PROMISES: &[Promise] = &[];

const SHORTS: &[Short] = &[];

#[test]
fn every_promise_of_uvis_is_proven_both_ways() {
    prove(System::Uvis, SHORTS, PROMISES);
}
