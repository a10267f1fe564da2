//! Stand-in types until the real module is merged.
#![allow(missing_docs)]
use crate::expr::{Check, Expression, JsonTemplate, Template, Value};
use crate::source::{Source, Span, Spanned};
use crate::units::Rate;
use std::{path::PathBuf, sync::Arc, time::Duration};
use url::Url;
#[derive(Debug, Clone)]
pub struct Scenario {
    pub name: String,
    pub source: Arc<Source>,
    pub target: Spanned<Url>,
    pub budgets: Option<PathBuf>,
    pub secrets: Vec<Secret>,
    pub allow: Vec<String>,
    pub tls: Tls,
    pub variables: Vec<String>,
    pub data: Vec<Feeder>,
    pub flows: Vec<Flow>,
    pub profiles: Vec<Profile>,
}
#[derive(Debug, Clone)]
pub struct Secret {
    pub name: String,
    pub value: String,
}
#[derive(Debug, Clone)]
pub struct Tls {
    pub ca: Option<PathBuf>,
    pub insecure: bool,
}
#[derive(Debug, Clone)]
pub struct Feeder {
    pub name: String,
    pub columns: Vec<(String, usize)>,
    pub rows: Arc<Vec<Vec<Value>>>,
}
impl Feeder {
    pub fn row(&self, index: u64, _seed: u64) -> Option<usize> {
        Some(index as usize % self.rows.len())
    }
}
#[derive(Debug, Clone)]
pub struct Flow {
    pub name: String,
    pub weight: f64,
    pub steps: Vec<Step>,
    pub span: Span,
}
#[derive(Debug, Clone)]
pub enum Step {
    Request(Box<Request>),
    Think(Think),
}
#[derive(Debug, Clone)]
pub struct Think {
    pub min: Duration,
    pub max: Duration,
    pub span: Span,
}
#[derive(Debug, Clone)]
pub enum Body {
    None,
    Json(JsonTemplate),
    Form(Vec<(String, Template)>),
    Text(Template),
}
#[derive(Debug, Clone)]
pub struct Capture {
    pub name: String,
    pub slot: usize,
    pub expression: Expression,
    pub secret: bool,
    pub span: Span,
}
#[derive(Debug, Clone)]
pub struct Request {
    pub name: String,
    pub span: Span,
    pub method: http::Method,
    pub url: Template,
    pub headers: Vec<(http::HeaderName, Template)>,
    pub body: Body,
    pub captures: Vec<Capture>,
    pub checks: Vec<Spanned<Check>>,
    pub timeout: Duration,
    pub redirects: u32,
    pub needs_body: bool,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    Poisson,
    Constant,
}
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    Passes(u64),
    Rate(Rate),
    Users(u64),
}
#[derive(Debug, Clone)]
pub struct Profile {
    pub name: String,
    pub span: Span,
    pub load: Load,
    pub ramp: Duration,
    pub warmup: Duration,
    pub duration: Duration,
    pub arrivals: Process,
    pub max_in_flight: Option<u64>,
}
impl Flow {
    pub fn uses(&self, _feeder: &Feeder) -> bool {
        true
    }
}
