//! `policies:` → [`Policy`]s. In: a list of words, some with settings; out: the policies that hold there, those around
//! included. Invariant: of each word there is one, the innermost; `off` takes it away.

use super::{
    Cached, Certificate, Compressed, Cookies, Cors, Level, Policy, RateLimited, Rule,
    SecurityHeaders, Sensitive,
};
use crate::expr::Cache;
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary as words;
use crate::source::{Fields, Kind, Node, Shape, Span};
use crate::units;
use http::Method;
use std::time::Duration;
use url::Url;

/// Requests that a rate limit may be looked for with.
const MOST: u64 = 1_000;

/// Reads `policies:` inside of others.
pub(in crate::scenario) fn read(
    loading: &mut Loading<'_>,
    fields: &Fields<'_>,
    around: &[Policy],
) -> Vec<Policy> {
    let mut policies = around.to_vec();
    let mut named: Vec<&str> = Vec::new();
    for item in items(loading, fields) {
        let Some((word, settings)) = word(loading, item) else {
            continue;
        };
        if named.contains(&word) {
            let message = format!("`{word}` stands here twice");
            let help = "keep one of them";
            loading.reader.error("T0481", item.span, message, help);
            continue;
        }
        named.push(word);
        policies.retain(|policy| policy.word != word);
        if !is_off(settings) {
            policies.extend(policy(loading, word, (settings, item.span)));
        }
    }
    policies
}

fn items<'n>(loading: &mut Loading<'_>, fields: &Fields<'n>) -> &'n [Node] {
    match fields.get("policies") {
        Some(Node {
            kind: Kind::List(items),
            ..
        }) => items,
        Some(node) if !node.is_null() => {
            let message = "`policies:` is a list";
            let help = "write each behind a `-` of its own: `- security headers`";
            loading.reader.error("T0480", node.span, message, help);
            &[]
        }
        _ => &[],
    }
}

/// One word, and the settings behind it.
fn word<'n>(loading: &mut Loading<'_>, item: &'n Node) -> Option<(&'static str, Option<&'n Node>)> {
    if matches!(item.kind, Kind::Scalar(_)) {
        return Some((loading.reader.word(item, &words::POLICIES)?, None));
    }
    let errors = loading.reader.errors();
    let fields = loading.reader.object(item, &words::POLICY)?;
    let entries: Vec<_> = fields.iter().collect();
    let [(key, settings)] = entries.as_slice() else {
        if loading.reader.errors() == errors {
            let message = "each item of `policies:` is one policy";
            let help = "write each behind a `-` of its own: `- cookies: { except: [theme] }`";
            loading.reader.error("T0480", item.span, message, help);
        }
        return None;
    };
    let word = words::POLICIES.iter().find(|word| **word == key.value)?;
    Some((word, Some(settings).copied().filter(|node| !node.is_null())))
}

fn is_off(settings: Option<&Node>) -> bool {
    let text = settings.and_then(Node::scalar);
    text.is_some_and(|scalar| scalar.text == "off")
}

fn policy(
    loading: &mut Loading<'_>,
    word: &'static str,
    (settings, span): (Option<&Node>, Span),
) -> Option<Policy> {
    let shape: &Shape = match word {
        "security headers" => &words::SECURITY_HEADERS,
        "cookies" => &words::COOKIES,
        "certificate" => &words::CERTIFICATE,
        "compressed" => &words::COMPRESSED,
        "cache" => &words::CACHED,
        "no sensitive data" => &words::SENSITIVE,
        "cors" => &words::CORS,
        "uptime" => &words::UPTIME,
        _ => &words::RATE_LIMITED,
    };
    let fields = match settings {
        Some(node) => Some(loading.reader.object(node, shape)?),
        None => None,
    };
    let mut told = Told {
        loading,
        fields: fields.as_ref(),
        span,
    };
    let warns = told.word("level", &words::LEVELS) == Some("warn");
    let rule = match word {
        "security headers" => Rule::SecurityHeaders(security_headers(&mut told)),
        "cookies" => Rule::Cookies(cookies(&mut told)),
        "certificate" => Rule::Certificate(certificate(&mut told)?),
        "compressed" => Rule::Compressed(compressed(&mut told)),
        "cache" => Rule::Cached(cached(&mut told)),
        "no sensitive data" => Rule::Sensitive(sensitive(&mut told)),
        "cors" => Rule::Cors(cors(&mut told)?),
        "uptime" => Rule::Uptime,
        _ => Rule::RateLimited(rate_limited(&mut told)?),
    };
    Some(Policy {
        word,
        level: if warns { Level::Warn } else { Level::Fail },
        rule,
        span,
    })
}

/// The settings of one policy; without any, everything is as it is when left out.
struct Told<'t, 'n, 'a> {
    loading: &'t mut Loading<'a>,
    fields: Option<&'t Fields<'n>>,
    span: Span,
}

impl<'n> Told<'_, 'n, '_> {
    fn get(&self, key: &str) -> Option<&'n Node> {
        self.fields?.get(key)
    }

    fn word(&mut self, key: &str, words: &[&'static str]) -> Option<&'static str> {
        self.loading.reader.word(self.get(key)?, words)
    }

    fn on(&mut self, key: &str, otherwise: bool) -> bool {
        let word = self.word(key, &words::SWITCH);
        word.map_or(otherwise, |word| word == "on")
    }

    fn flag(&mut self, key: &str) -> bool {
        let node = self.get(key);
        node.and_then(|node| self.loading.reader.boolean(node)) == Some(true)
    }

    fn duration(&mut self, key: &str) -> Option<Duration> {
        self.loading.reader.duration(self.get(key)?)
    }

    fn texts(&mut self, key: &str) -> Vec<(String, Span)> {
        let Some(node) = self.get(key) else {
            return Vec::new();
        };
        let items = self.loading.reader.list(node);
        let read = items
            .into_iter()
            .filter_map(|item| self.loading.reader.text(item));
        read.map(|text| (text.value, text.span)).collect()
    }

    fn except(&mut self) -> Vec<String> {
        let texts = self.texts("except").into_iter();
        texts.map(|(text, _)| text).collect()
    }
}

fn security_headers(told: &mut Told<'_, '_, '_>) -> SecurityHeaders {
    let usual = SecurityHeaders::default();
    let hsts = match told.get("hsts") {
        node if is_off(node) => None,
        Some(_) => told.duration("hsts"),
        None => usual.hsts,
    };
    SecurityHeaders {
        hsts,
        csp: told.on("csp", usual.csp),
        trusted_types: told.on("trusted types", usual.trusted_types),
        framing: told.on("framing", usual.framing),
        nosniff: told.on("nosniff", usual.nosniff),
        referrer: told.on("referrer", usual.referrer),
        all: told.word("answers", &words::ANSWERS) == Some("all"),
        https: told.flag("https"),
    }
}

fn cookies(told: &mut Told<'_, '_, '_>) -> Cookies {
    Cookies {
        secure: told.on("secure", true),
        http_only: told.on("http only", true),
        same_site: told.on("same site", true),
        except: told.except(),
        https: told.flag("https"),
    }
}

fn certificate(told: &mut Told<'_, '_, '_>) -> Option<Certificate> {
    let usual = Certificate::default();
    let warn = told.duration("warn");
    let fail = told.duration("fail");
    let fail = fail.unwrap_or(usual.fail.min(warn.unwrap_or(usual.fail)));
    let warn = warn.unwrap_or(usual.warn.max(fail));
    if warn < fail {
        let message = "`warn` comes after `fail`: nobody would be warned";
        let help = "make `warn` the longer time: `{ warn: 30 days, fail: 7 days }`";
        let span = told.get("warn").map_or(told.span, |node| node.span);
        told.loading.reader.error("T0484", span, message, help);
        return None;
    }
    Some(Certificate { warn, fail })
}

fn compressed(told: &mut Told<'_, '_, '_>) -> Compressed {
    let usual = Compressed::default();
    let above = told.get("above").and_then(|node| {
        let reader = &mut told.loading.reader;
        reader.quantity(node, "a size such as `1 kB`", units::parse_bytes)
    });
    Compressed {
        above: above.unwrap_or(usual.above),
    }
}

fn cached(told: &mut Told<'_, '_, '_>) -> Cached {
    let Some(node) = told.get("accept") else {
        return Cached::default();
    };
    let reader = &mut told.loading.reader;
    let words: Vec<_> = reader
        .list(node)
        .into_iter()
        .filter_map(|item| reader.word(item, &words::CACHE))
        .collect();
    let accept = Cache::ALL.into_iter().filter(|c| words.contains(&c.name()));
    Cached {
        accept: accept.collect(),
    }
}

fn sensitive(told: &mut Told<'_, '_, '_>) -> Sensitive {
    Sensitive {
        stack_traces: told.on("stack traces", true),
        keys: told.on("keys", true),
        connection_strings: told.on("connection strings", true),
        versions: told.on("versions", true),
        except: told.except(),
    }
}

fn cors(told: &mut Told<'_, '_, '_>) -> Option<Cors> {
    let mut origins = |key: &str| -> Vec<String> {
        let texts = told.texts(key);
        let kept = texts
            .into_iter()
            .filter(|(text, span)| is_origin(told.loading, text, *span));
        kept.map(|(text, _)| text).collect()
    };
    let (allowed, refused) = (origins("allowed"), origins("refused"));
    let written = told.get("allowed").is_some() || told.get("refused").is_some();
    if !written {
        let message = "`cors` without origins";
        let help = "say which origins may read answers: `- cors: { allowed: [https://shop.test], refused: [https://evil.test] }`";
        told.loading.reader.error("T0482", told.span, message, help);
        return None;
    }
    let mut methods = Vec::new();
    for (text, span) in told.texts("methods") {
        let upper = text.bytes().all(|b| b.is_ascii_uppercase());
        match Method::from_bytes(text.as_bytes()) {
            Ok(method) if upper => methods.push(method),
            _ => {
                let message = format!("`{text}` is not a method");
                let help = "write methods in capitals: `methods: [GET, PUT]`";
                told.loading.reader.error("T0482", span, message, help);
            }
        }
    }
    Some(Cors {
        allowed,
        refused,
        methods,
        credentials: told.flag("credentials"),
    })
}

/// Scheme, host and port as browsers write them.
fn is_origin(loading: &mut Loading<'_>, text: &str, span: Span) -> bool {
    let origin = Url::parse(text).ok().map(|url| url.origin());
    let written = origin
        .filter(url::Origin::is_tuple)
        .map(|origin| origin.ascii_serialization());
    if written.as_deref() == Some(text) {
        return true;
    }
    let message = format!("`{text}` is not an origin");
    let help = written.map_or_else(
        || "write scheme, host and port: `https://shop.test`".to_owned(),
        |written| format!("write `{written}`, as browsers do"),
    );
    loading.reader.error("T0482", span, message, help);
    false
}

fn rate_limited(told: &mut Told<'_, '_, '_>) -> Option<RateLimited> {
    let usual = RateLimited::default();
    let within = match told.get("within") {
        Some(node) => told.loading.count(node)?,
        None => usual.within,
    };
    if within > MOST {
        let message = format!("more than {MOST} requests are load, not a look");
        let help = format!("write at most {MOST}, or lower the limit where this is tried");
        let span = told.get("within").map_or(told.span, |node| node.span);
        told.loading.reader.error("T0483", span, message, help);
        return None;
    }
    let retry_after = told.word("retry_after", &words::RETRY_AFTER);
    Some(RateLimited {
        within,
        retry_after: retry_after != Some("optional"),
    })
}
