//! What people open in a browser. In: views; out: HTML pages. Invariant: self-contained (a content security policy in each page
//! forbids any load and any script but our own), readable without script, and smaller than 500 KB whatever the run:
//! what is too much for a page is cut, said so, and whole in the other files.

mod assets;
mod charts;
mod pages;
mod parts;

pub use pages::{Html, LiveHtml, chronicles, index};
