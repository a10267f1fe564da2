//! Credentials and scripts. In: `auth` and `event` of a request; out: `auth:`, checks and captures. Invariant: scripts are
//! not run; credentials are placeholders, or what an earlier script kept.

use super::{Found, Reading};
use crate::import::draft::{Capture, Request, Step};
use crate::import::{name, secret};
use regex::Regex;
use serde_json::{Value, json};
use std::sync::LazyLock;

impl Reading<'_> {
    pub(super) fn authorize(&mut self, auth: &Value, found: &Found<'_>, request: &mut Request) {
        let kind = auth["type"].as_str().unwrap_or("noauth");
        let field = |key: &str| {
            let fields = auth[kind].as_array().map(Vec::as_slice).unwrap_or_default();
            fields
                .iter()
                .find(|f| f["key"] == key)
                .and_then(|f| f["value"].as_str())
                .unwrap_or_default()
                .to_owned()
        };
        match kind {
            "noauth" => {}
            "bearer" => {
                let token = field("token");
                let variable = token
                    .strip_prefix("{{")
                    .and_then(|rest| rest.strip_suffix("}}"))
                    .map(|name| name::variable(name.trim()));
                let kept =
                    variable.filter(|name| self.kept.iter().any(|capture| capture.name == *name));
                let token = kept.map_or_else(
                    || self.draft.placeholder(&self.prefix, "token"),
                    |name| format!("{{{{ {name} }}}}"),
                );
                request.auth = Some(json!({ "bearer": token }));
            }
            "basic" | "digest" => {
                let user = format!(
                    "${{{}:-somebody}}",
                    name::environment(&[&self.prefix, "user"])
                );
                let password = self.draft.placeholder(&self.prefix, "password");
                request.auth = Some(json!({ kind: { "user": user, "password": password } }));
            }
            "apikey" if field("in") != "query" => {
                let key = Some(field("key")).filter(|key| {
                    !key.is_empty()
                        && key
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
                });
                let value = self.draft.placeholder(&self.prefix, "api key");
                request.auth = Some(
                    json!({ "api_key": { "header": key.unwrap_or_else(|| "x-api-key".into()).to_ascii_lowercase(), "value": value } }),
                );
            }
            other => self.draft.leave(
                format!("{}/request/auth", found.pointer),
                format!("authorization by `{}`", name::line(other, 40)),
            ),
        }
        if request.auth.is_some() {
            request.headers.retain(|(name, _)| name != "authorization");
        }
    }

    /// What a test's script expects and keeps.
    pub(super) fn scripts(&mut self, found: &Found<'_>, request: &mut Request) {
        #[expect(clippy::unwrap_used, reason = "constant patterns, used by a test")]
        static STATUS: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"have\.status\((\d{3})\)|(?:response\.code|responseCode\.code)\)?\s*(?:===?\s*|\.to\.(?:eql?|equal)\()(\d{3})").unwrap()
        });
        #[expect(clippy::unwrap_used, reason = "constant patterns, used by a test")]
        static KEEP: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"(?:environment|globals|collectionVariables|variables|postman)\.set(?:EnvironmentVariable|GlobalVariable)?\(\s*["']([^"']{1,60})["']\s*,\s*(?:pm\.response\.json\(\)|jsonData|json|data|res|response|body)((?:\.[A-Za-z_]\w*|\[\d+\])+)\s*\)"#).unwrap()
        });
        let events = found.item["event"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        for (index, event) in events.iter().enumerate() {
            let script = match &event["script"]["exec"] {
                Value::Array(lines) => lines
                    .iter()
                    .filter_map(Value::as_str)
                    .collect::<Vec<_>>()
                    .join("\n"),
                Value::String(text) => text.clone(),
                _ => continue,
            };
            let test = event["listen"] == "test";
            if test && let Some(status) = STATUS.captures(&script) {
                let code = status
                    .get(1)
                    .or(status.get(2))
                    .map_or("200", |m| m.as_str());
                request.checks.push(format!("status == {code}"));
            }
            for kept in KEEP.captures_iter(&script).filter(|_| test) {
                let name = name::variable(&kept[1]);
                let capture = Capture {
                    from: format!("json ${}", &kept[2]),
                    secret: secret::is_name(&kept[1]),
                    name,
                };
                self.kept.retain(|one| one.name != capture.name);
                self.kept.push(capture.clone());
                request.captures.push(capture);
            }
            let lines = script
                .lines()
                .filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//"))
                .count();
            if lines > 0
                && (!test
                    || lines
                        > 3 * (STATUS.find_iter(&script).count() + KEEP.find_iter(&script).count()))
            {
                self.draft.leave(
                    format!("{}/event/{index}", found.pointer),
                    "a script: write its checks under `check:`",
                );
            }
        }
    }

    /// Captures that nothing of their flow reads are taken out; what reads one that its flow does not have is a constant.
    pub(super) fn keep_what_is_read(&mut self) {
        let mut lacking: Vec<(String, bool)> = Vec::new();
        for flow in &mut self.draft.flows {
            let mut there: Vec<String> = Vec::new();
            let texts: Vec<String> = flow.steps.iter().map(|step| format!("{step:?}")).collect();
            for (index, step) in flow.steps.iter_mut().enumerate() {
                let Step::Request(request) = step else {
                    continue;
                };
                for capture in &self.kept {
                    let template = format!("{{{{ {} }}}}", capture.name);
                    if texts[index].contains(&template) && !there.contains(&capture.name) {
                        lacking.push((capture.name.clone(), capture.secret));
                    }
                }
                let later = &texts[index + 1..];
                request.captures.retain(|capture| {
                    later
                        .iter()
                        .any(|text| text.contains(&format!("{{{{ {} }}}}", capture.name)))
                });
                there.extend(request.captures.iter().map(|capture| capture.name.clone()));
            }
        }
        lacking.sort();
        lacking.dedup();
        for (name, _) in lacking {
            let what = format!(
                "`{name}` is captured in another folder: put the step that captures it into the flow that reads it"
            );
            self.draft.leave("#/item", what);
            self.draft.fill_in(
                &name,
                "fill-in".into(),
                "captured in another folder of the collection",
            );
            for flow in &mut self.draft.flows {
                for step in &mut flow.steps {
                    if let Step::Request(request) = step {
                        request.captures.retain(|capture| capture.name != name);
                    }
                }
            }
        }
    }
}
