//! Credentials and scripts. In: `auth` and `event` of a request; out: `auth:`, checks and captures. Invariant: scripts are
//! not run; credentials are placeholders, or what an earlier script kept.

use super::{Found, Reading};
use crate::import::draft::{Capture, Flow, Request, Step, template};
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
                    |name| template(&name),
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
                let key = Some(field("key")).filter(|key| name::is_header(key));
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

    /// Every flow that reads what a step of another folder keeps begins with this step, as a fragment; captures that
    /// nothing reads are taken out.
    pub(super) fn keep_what_is_read(&mut self) {
        for name in self
            .kept
            .iter()
            .map(|capture| capture.name.clone())
            .collect::<Vec<_>>()
        {
            let lacking: Vec<usize> = (0..self.draft.flows.len())
                .filter(|i| lacks(&self.draft.flows[*i], &name))
                .collect();
            if lacking.is_empty() {
                continue;
            }
            if !self.share(&name, &lacking) {
                self.draft.leave("#/item", format!("`{name}` is set by a script of another folder: capture it in the flow that reads it"));
                self.draft
                    .fill_in(&name, "fill-in".into(), "set by a script of the collection");
                for flow in &mut self.draft.flows {
                    flow.requests().for_each(|request| {
                        request.captures.retain(|capture| capture.name != name);
                    });
                }
            }
        }
        for flow in self.draft.flows.iter_mut().chain(&mut self.draft.fragments) {
            let texts: Vec<String> = flow.steps.iter().map(|step| format!("{step:?}")).collect();
            let fragment = self.shared.contains(&flow.name);
            for (index, step) in flow.steps.iter_mut().enumerate().filter(|_| !fragment) {
                if let Step::Request(request) = step {
                    let read = |capture: &Capture| {
                        texts[index + 1..]
                            .iter()
                            .any(|text| text.contains(&template(&capture.name)))
                    };
                    request.captures.retain(read);
                }
            }
        }
    }

    /// Makes a fragment of the step that captures something; not where that step needs something itself.
    fn share(&mut self, name: &str, lacking: &[usize]) -> bool {
        let all = self.draft.flows.iter().flat_map(|flow| &flow.steps);
        let mut found = all.filter_map(|step| match step {
            Step::Request(request) => request
                .captures
                .iter()
                .any(|capture| capture.name == name)
                .then_some(request),
            _ => None,
        });
        let Some(mut step) = found.next_back().cloned() else {
            return false;
        };
        step.captures.retain(|capture| capture.name == name);
        let text = format!("{step:?}");
        let needs = self
            .kept
            .iter()
            .any(|capture| text.contains(&template(&capture.name)));
        let same = |i: &usize| {
            self.draft.flows[*i]
                .steps
                .iter()
                .any(|s| matches!(s, Step::Request(r) if r.name == step.name))
        };
        if needs || lacking.iter().any(same) || self.shared.contains(&step.name) {
            return false;
        }
        for i in lacking {
            self.draft.flows[*i]
                .steps
                .insert(0, Step::Use(step.name.clone()));
        }
        self.shared.push(step.name.clone());
        self.draft.fragments.push(Flow {
            name: step.name.clone(),
            steps: vec![Step::Request(step)],
            ..Flow::default()
        });
        true
    }
}

/// Whether a flow reads a variable before a step of it captures it.
fn lacks(flow: &Flow, name: &str) -> bool {
    for step in &flow.steps {
        if format!("{step:?}").contains(&template(name)) {
            return true;
        }
        if matches!(step, Step::Request(request) if request.captures.iter().any(|capture| capture.name == name))
        {
            return false;
        }
    }
    false
}
