//! OTLP in protobuf, which every collector takes; JSON not all of them do. In: a request as `otlp.rs` writes it in JSON;
//! out: the same request in binary. Invariant: a field of the JSON that the tables do not know is an error, so that both
//! forms say the same.

use super::otlp::{metrics_request, traces_request};
use crate::report::{Reporter, View};
use serde_json::Value;
use std::io::{self, Write};

/// A body of `POST /v1/metrics` or `/v1/traces`, in protobuf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpBinary {
    /// What `otlp-metrics.json` says.
    Metrics,
    /// What `otlp-traces.json` says.
    Traces,
}

impl Reporter for OtlpBinary {
    fn render(&self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        let (request, fields) = match self {
            Self::Metrics => (metrics_request(view), METRICS),
            Self::Traces => (traces_request(view), TRACES),
        };
        out.write_all(&message(fields, &request)?)
    }
}

/// A field: its name in JSON, its number, and how it is written.
type Field = (&'static str, u64, Form);

#[derive(Clone, Copy)]
enum Form {
    Text,
    /// Bytes, hexadecimal in JSON.
    Id,
    /// A whole number, a bool or an enum.
    Varint,
    /// 64 bits of a whole number, a text in JSON.
    Fixed,
    /// 64 bits of a floating-point number.
    Double,
    Message(&'static [Field]),
}

use Form::{Double, Fixed, Id, Message, Text, Varint};

// opentelemetry/proto, version 1: of its messages the fields that tollgate has something to say in.
const METRICS: &[Field] = &[("resourceMetrics", 1, Message(RESOURCE_METRICS))];
const RESOURCE_METRICS: &[Field] = &[
    ("resource", 1, Message(RESOURCE)),
    ("scopeMetrics", 2, Message(SCOPE_METRICS)),
];
const SCOPE_METRICS: &[Field] = &[
    ("scope", 1, Message(SCOPE)),
    ("metrics", 2, Message(METRIC)),
];
const METRIC: &[Field] = &[
    ("name", 1, Text),
    ("description", 2, Text),
    ("unit", 3, Text),
    ("gauge", 5, Message(POINTS)),
    ("sum", 7, Message(POINTS)),
    ("histogram", 9, Message(HISTOGRAM)),
];
const POINTS: &[Field] = &[
    ("dataPoints", 1, Message(NUMBER)),
    ("aggregationTemporality", 2, Varint),
    ("isMonotonic", 3, Varint),
];
const NUMBER: &[Field] = &[
    ("startTimeUnixNano", 2, Fixed),
    ("timeUnixNano", 3, Fixed),
    ("asDouble", 4, Double),
    ("asInt", 6, Fixed),
    ("attributes", 7, Message(ATTRIBUTE)),
];
const HISTOGRAM: &[Field] = &[
    ("dataPoints", 1, Message(BUCKETS)),
    ("aggregationTemporality", 2, Varint),
];
const BUCKETS: &[Field] = &[
    ("startTimeUnixNano", 2, Fixed),
    ("timeUnixNano", 3, Fixed),
    ("count", 4, Fixed),
    ("sum", 5, Double),
    ("bucketCounts", 6, Fixed),
    ("explicitBounds", 7, Double),
    ("attributes", 9, Message(ATTRIBUTE)),
];
const TRACES: &[Field] = &[("resourceSpans", 1, Message(RESOURCE_SPANS))];
const RESOURCE_SPANS: &[Field] = &[
    ("resource", 1, Message(RESOURCE)),
    ("scopeSpans", 2, Message(SCOPE_SPANS)),
];
const SCOPE_SPANS: &[Field] = &[("scope", 1, Message(SCOPE)), ("spans", 2, Message(SPAN))];
const SPAN: &[Field] = &[
    ("traceId", 1, Id),
    ("spanId", 2, Id),
    ("parentSpanId", 4, Id),
    ("name", 5, Text),
    ("kind", 6, Varint),
    ("startTimeUnixNano", 7, Fixed),
    ("endTimeUnixNano", 8, Fixed),
    ("attributes", 9, Message(ATTRIBUTE)),
    ("status", 15, Message(&[("code", 3, Varint)])),
];
const RESOURCE: &[Field] = &[("attributes", 1, Message(ATTRIBUTE))];
const SCOPE: &[Field] = &[("name", 1, Text), ("version", 2, Text)];
const ATTRIBUTE: &[Field] = &[
    ("key", 1, Text),
    (
        "value",
        2,
        Message(&[("stringValue", 1, Text), ("intValue", 3, Varint)]),
    ),
];

/// An object in binary.
fn message(fields: &[Field], object: &Value) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        let known = fields.iter().find(|(own, ..)| own == name);
        let (_, number, form) = known.ok_or_else(|| odd(name, value))?;
        field(&mut out, (*number, *form), value)
            .and_then(|written| written.ok_or_else(|| odd(name, value)))?;
    }
    Ok(out)
}

/// One field; nothing where the value is none of its form.
fn field(out: &mut Vec<u8>, (number, form): (u64, Form), value: &Value) -> io::Result<Option<()>> {
    let bytes = match (form, value) {
        (Message(_), Value::Array(all)) => {
            for one in all {
                field(out, (number, form), one)?;
            }
            return Ok(Some(()));
        }
        (Message(fields), _) => Some(message(fields, value)?),
        (Fixed | Double, Value::Array(all)) => {
            let all: Option<Vec<[u8; 8]>> = all.iter().map(|one| eight(form, one)).collect();
            all.map(|all| all.concat())
        }
        (Fixed | Double, _) => {
            varint(out, number << 3 | 1);
            return Ok(eight(form, value).map(|bytes| out.extend(bytes)));
        }
        (Varint, _) => {
            varint(out, number << 3);
            return Ok(whole(value).map(|n| varint(out, n)));
        }
        (Text, _) => value.as_str().map(|text| text.as_bytes().to_vec()),
        (Id, _) => value.as_str().and_then(unhex),
    };
    Ok(bytes.map(|bytes| {
        varint(out, number << 3 | 2);
        varint(out, bytes.len() as u64);
        out.extend(bytes);
    }))
}

fn eight(form: Form, value: &Value) -> Option<[u8; 8]> {
    match form {
        Double => value.as_f64().map(f64::to_le_bytes),
        _ => whole(value).map(u64::to_le_bytes),
    }
}

/// Whole numbers of 64 bits are texts in JSON.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Bool(yes) => Some((*yes).into()),
        value => value.as_u64(),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(digits).collect()
}

fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n > 0x7f {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn odd(name: &str, value: &Value) -> io::Error {
    io::Error::other(format!("OTLP has no place for {name}: {value}"))
}
