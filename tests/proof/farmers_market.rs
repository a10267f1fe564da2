//! What the owners of farmers-market promise.

use super::{Promise, Proof, Short};
use systems::System;

const PROMISES: &[Promise] = &[];

const SHORTS: &[Short] = &[];

pub(super) const PROOF: Proof = Proof {
    system: System::FarmersMarket,
    healthy: SHORTS,
    broken: SHORTS,
    budgets: &[],
    promises: PROMISES,
    deeds: &[],
};

#[test]
fn every_promise_of_farmers_market_is_proven_both_ways() {
    PROOF.prove();
}
