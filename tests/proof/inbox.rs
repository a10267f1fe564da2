//! Somebody who is told. In: what is posted; out: the paths and bodies of it. Invariant: everything is answered with 200.

use crate::support::serve::serve;
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// A receiver of webhooks, alerts and metrics.
pub(crate) struct Inbox {
    pub(crate) url: String,
    posts: Arc<Mutex<Vec<(String, String)>>>,
}

impl Inbox {
    pub(crate) fn open() -> Self {
        let posts = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&posts);
        let url = serve(move |asked| {
            let post = (asked.line.clone(), asked.body.clone());
            kept.lock().unwrap().push(post);
            ("200 OK".into(), "ok".into())
        });
        Self { url, posts }
    }

    /// What was posted to a path, as JSON.
    pub(crate) fn at(&self, path: &str) -> Vec<Value> {
        let bodies = self.bodies(path).into_iter();
        bodies
            .map(|body| serde_json::from_str(&body).unwrap())
            .collect()
    }

    /// What was posted to a path, as it came.
    pub(crate) fn bodies(&self, path: &str) -> Vec<String> {
        let posts = self.posts.lock().unwrap();
        let line = format!("POST {path}");
        let found = posts.iter().filter(|(asked, _)| *asked == line);
        found.map(|(_, body)| body.clone()).collect()
    }
}
