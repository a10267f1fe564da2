//! Stand-ins for the systems that asked for tollgate. In: which one, and what of its promises to break; out: a server on
//! loopback that behaves like it, with state. Invariant: healthy it keeps every promise, and each switch breaks one.

mod farmers_market;
mod kit;
mod pourtrait;
mod reboot;
mod uvis;
mod vivr;

pub use kit::{Running, Switch, Switches};

use std::io;

/// The five systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// A shop behind a CDN.
    Vivr,
    /// A wine cellar with a slow adviser.
    Pourtrait,
    /// A landing page in two versions.
    Reboot,
    /// Fleet management: six services, live positions.
    Uvis,
    /// A marketplace described by `OpenAPI`.
    FarmersMarket,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Vivr,
        Self::Pourtrait,
        Self::Reboot,
        Self::Uvis,
        Self::FarmersMarket,
    ];

    /// The name of its scenario and its budgets.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vivr => "vivr",
            Self::Pourtrait => "pourtrait",
            Self::Reboot => "reboot",
            Self::Uvis => "uvis",
            Self::FarmersMarket => "farmers-market",
        }
    }

    /// What can be broken in it.
    #[must_use]
    pub fn switches(self) -> &'static [Switch] {
        match self {
            Self::Vivr => vivr::SWITCHES,
            Self::Pourtrait => pourtrait::SWITCHES,
            Self::Reboot => reboot::SWITCHES,
            Self::Uvis => uvis::SWITCHES,
            Self::FarmersMarket => farmers_market::SWITCHES,
        }
    }

    /// Starts it on free ports of 127.0.0.1; it stops when the handle is dropped.
    ///
    /// # Errors
    /// When no port can be had, or a switch is none of its own.
    pub fn start(self, broken: &[&str]) -> io::Result<Running> {
        let switches = Switches::new(self.switches(), broken)?;
        Running::start(async move |services| match self {
            Self::Vivr => vivr::open(services, switches).await,
            Self::Pourtrait => pourtrait::open(services, switches).await,
            Self::Reboot => reboot::open(services, switches).await,
            Self::Uvis => uvis::open(services, switches).await,
            Self::FarmersMarket => farmers_market::open(services, switches).await,
        })
    }
}
