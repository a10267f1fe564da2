//! What one virtual user leaves with the protocol between its requests. In: answers; out: cookies and connections
//! for its next request. Invariant: nothing of it outlives the session.

use super::cookies::Jar;
use super::http::{Deadline, Kept};
use std::pin::Pin;
use tokio::time::Instant;

/// Cookies and, where the scenario wants it so, connections of one user.
#[derive(Debug, Default)]
pub struct Session {
    /// The cookies.
    pub jar: Jar,
    /// Connections of its own; empty where they are shared.
    pub(super) kept: Kept,
    /// The `cookie` line of the request that was sent last, where one was sent.
    pub(super) cookies: Option<String>,
    /// The time limit of its requests.
    pub(super) deadline: Deadline,
}

impl Session {
    /// The `cookie` line that the jar gave to the request that was sent last, before any redirect.
    pub fn cookies(&self) -> Option<&str> {
        self.cookies.as_deref()
    }

    /// Lets another session use the connections of this one that carry several requests at once: both are of the
    /// same user.
    pub fn share(&mut self, other: &mut Self) {
        self.kept.share(&mut other.kept);
    }

    /// Runs `work`, until `deadline` at the latest, with the one timer of its user.
    pub async fn limit<F: Future>(
        &mut self,
        deadline: Instant,
        work: Pin<&mut F>,
    ) -> Option<F::Output> {
        self.deadline.limit(deadline, work).await
    }

    /// Forgets everything and closes the connections: the user has left.
    pub fn end(&mut self) {
        self.jar.clear();
        self.cookies = None;
        self.kept.close();
    }
}
