//! What the owners of farmers-market promise.

use super::{Promise, Short, prove};
use systems::System;

pub(super) const PROMISES: &[Promise] = &[];

const SHORTS: &[Short] = &[];

#[test]
fn every_promise_of_farmers_market_is_proven_both_ways() {
    prove(System::FarmersMarket, SHORTS, PROMISES);
}
