//! Who answered: the application, or a platform that protects it? In: an answer that failed a check; out: the platform,
//! where it says so. Invariant: what applications send too (a `server` header beside a 500, a widget in a page) names
//! nobody.

use super::Answer;
use crate::expr::Head;
use crate::record::Platform;

/// Headers that only answers of a platform have, and what their value begins with.
const HEADERS: [(&str, &str, Platform); 6] = [
    ("cf-mitigated", "", Platform::Cloudflare),
    ("x-vercel-mitigated", "", Platform::Vercel),
    ("x-amzn-waf-action", "", Platform::Aws),
    ("x-sucuri-block", "", Platform::Sucuri),
    ("x-datadome", "protected", Platform::DataDome),
    ("x-dd-b", "", Platform::DataDome),
];

/// Servers that refuse by themselves: the applications behind them have names of their own.
const SERVERS: [(&str, Platform); 2] = [
    ("AkamaiGHost", Platform::Akamai),
    ("CloudFront", Platform::Aws),
];

/// What stands in the pages of a platform, and in no page of an application.
const PAGES: [(&str, Platform); 11] = [
    ("_cf_chl_opt", Platform::Cloudflare),
    ("Attention Required! | Cloudflare", Platform::Cloudflare),
    ("error code: 1015", Platform::Cloudflare),
    ("error code: 1020", Platform::Cloudflare),
    ("Vercel Security Checkpoint", Platform::Vercel),
    ("window.gokuProps", Platform::Aws),
    ("errors.edgesuite.net", Platform::Akamai),
    ("_Incapsula_Resource", Platform::Imperva),
    ("Incapsula incident ID", Platform::Imperva),
    ("captcha-delivery.com", Platform::DataDome),
    ("Sucuri WebSite Firewall", Platform::Sucuri),
];

/// So much of a page is looked at.
const LOOKED_AT: usize = 32 * 1024;

/// The platform that gave an answer in the application's place. Call it for answers that failed a check.
pub fn mitigation(answer: &Answer) -> Option<Platform> {
    let status = answer.status.as_u16();
    by_head(status, &answer.headers).or_else(|| by_page(status, answer))
}

/// The same of an answer whose status is no failure, from its headers alone: AWS WAF challenges with 202.
pub fn mitigated_quietly(answer: &Answer) -> Option<Platform> {
    let status = answer.status.as_u16();
    (status == 202).then(|| by_head(status, &answer.headers))?
}

fn by_head(status: u16, head: &Head) -> Option<Platform> {
    if !matches!(status, 202 | 403 | 405 | 429 | 503) {
        return None;
    }
    let begins = |name: &str, start: &str| {
        let value = head.get(name);
        value.is_some_and(|value| value.starts_with(start.as_bytes()))
    };
    let header = HEADERS.iter().find(|(name, start, _)| begins(name, start));
    let refuses = matches!(status, 403 | 429);
    let server = SERVERS
        .iter()
        .find(|(name, _)| refuses && begins("server", name));
    header.map(|(.., who)| *who).or(server.map(|(_, who)| *who))
}

fn by_page(status: u16, answer: &Answer) -> Option<Platform> {
    let kind = answer.headers.get("content-type").unwrap_or_default();
    if answer.body.is_empty() || !(kind.starts_with(b"text/html") || status >= 400) {
        return None;
    }
    let start = &answer.body[..answer.body.len().min(LOOKED_AT)];
    let page = String::from_utf8_lossy(start);
    let found = PAGES.iter().find(|(text, _)| page.contains(text));
    found.map(|(_, who)| *who)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &'static str) -> Answer {
        Answer::of(status, Head::of(headers.iter().copied()), body)
    }

    #[test]
    fn platforms_are_known_by_what_only_they_send() {
        const HTML: (&str, &str) = ("content-type", "text/html; charset=UTF-8");
        use Platform::{Akamai, Aws, Cloudflare, DataDome, Imperva, Sucuri, Vercel};
        type Row<'a> = (
            u16,
            &'a [(&'a str, &'a str)],
            &'static str,
            Option<Platform>,
        );
        #[rustfmt::skip]
        let rows: [Row<'_>; 23] = [
            (403, &[("cf-mitigated", "challenge"), ("server", "cloudflare")], "", Some(Cloudflare)),
            (503, &[("CF-Mitigated", "challenge")], "", Some(Cloudflare)),
            (403, &[("server", "cloudflare"), HTML], "<title>Attention Required! | Cloudflare</title>", Some(Cloudflare)),
            (429, &[("server", "cloudflare")], "error code: 1015", Some(Cloudflare)),
            (200, &[HTML], "<script>window._cf_chl_opt={}</script>", Some(Cloudflare)),
            (403, &[("server", "cloudflare")], "{\"error\":\"not yours\"}", None),
            (200, &[HTML], "<script src=https://challenges.cloudflare.com/turnstile/v0/api.js></script>", None),
            (429, &[("x-vercel-mitigated", "challenge")], "", Some(Vercel)),
            (403, &[("x-vercel-mitigated", "deny")], "", Some(Vercel)),
            (403, &[HTML], "<title>Vercel Security Checkpoint</title>", Some(Vercel)),
            (202, &[("x-amzn-waf-action", "challenge")], "", Some(Aws)),
            (405, &[("x-amzn-waf-action", "captcha")], "", Some(Aws)),
            (403, &[("server", "CloudFront"), ("x-cache", "Error from cloudfront")], "", Some(Aws)),
            (502, &[("server", "CloudFront")], "", None),
            (403, &[("server", "AmazonS3")], "", None),
            (403, &[("server", "AkamaiGHost")], "", Some(Akamai)),
            (403, &[HTML], "Access Denied … https://errors.edgesuite.net/18.4f", Some(Akamai)),
            (200, &[HTML], "<iframe src=\"/_Incapsula_Resource?CWUDNSAI=9\">", Some(Imperva)),
            (403, &[("x-datadome", "protected")], "", Some(DataDome)),
            (200, &[("x-datadome", "protected")], "", None),
            (403, &[("x-sucuri-block", "BLK")], "", Some(Sucuri)),
            (200, &[("content-type", "application/json")], "{\"text\":\"_cf_chl_opt\"}", None),
            (403, &[HTML], "<h1>forbidden</h1>", None),
        ];
        for (status, headers, body, who) in rows {
            let answer = answer(status, headers, body);
            assert_eq!(mitigation(&answer), who, "{status} {headers:?} {body}");
            let quiet = (status == 202).then_some(who).flatten();
            assert_eq!(mitigated_quietly(&answer), quiet, "{status} {headers:?}");
        }
    }
}
