//! load
mod clock;
mod health;
