//! Arrivals at rate one. In: a seed, or nothing; out: 0, 1, 2, … or the partial sums of unit exponential
//! gaps. Invariant: a pinned generator, so that a seed means the same arrivals in every version.

use rand::SeedableRng as _;
use rand_distr::{Distribution as _, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus;

#[derive(Debug)]
pub(super) enum UnitArrivals {
    Constant {
        next: u64,
    },
    Poisson {
        rng: Box<Xoshiro256PlusPlus>,
        sum: f64,
    },
}

impl UnitArrivals {
    pub(super) fn constant() -> Self {
        Self::Constant { next: 0 }
    }

    pub(super) fn poisson(seed: u64) -> Self {
        Self::Poisson {
            rng: Box::new(Xoshiro256PlusPlus::seed_from_u64(seed)),
            sum: 0.0,
        }
    }

    pub(super) fn next(&mut self) -> f64 {
        match self {
            Self::Constant { next } => {
                *next += 1;
                (*next - 1) as f64
            }
            Self::Poisson { rng, sum } => {
                let gap: f64 = Exp1.sample(rng);
                *sum += gap;
                *sum
            }
        }
    }
}
