//! A budget file without its scenario. In: its path; out: its problems, or one line, and what only a scenario could tell.
//! Invariant: what was not checked is named.

use super::validate::{count, list};
use crate::budget::{Budget, BudgetFile, Scope};
use crate::cli::Terminal;
use crate::cli::inputs::read_budgets;
use crate::record::Part;
use std::path::Path;

/// Phases that every run may have.
const PHASES: [&str; 2] = ["ramp", "warm-up"];

/// Checks the sentences of a budget file; whether it failed.
pub(super) fn validate(file: &Path, terminal: Terminal) -> bool {
    match read_budgets(file) {
        Ok(budgets) => {
            print!("{}", summary(file, &budgets));
            false
        }
        Err(error) => {
            eprint!("{}", error.render(terminal.stderr));
            let problems = error.into_diagnostics().unwrap_or_default();
            terminal.ci.diagnosed(&problems);
            true
        }
    }
}

fn summary(path: &Path, file: &BudgetFile) -> String {
    let path = path.display();
    let (budgets, guards) = (file.budgets.len(), file.guards.len());
    let guards = match guards {
        0 => String::new(),
        some => format!(", {}", count(some, "guard")),
    };
    let said = format!("{path}: valid: {}{guards}\n", count(budgets, "budget"));
    let open = open(file).join("; ");
    if open.is_empty() {
        return said;
    }
    format!(
        "{said}  not checked without a scenario: {open}\n  `tollgate validate SCENARIO --budgets {path}` checks them\n"
    )
}

/// What the sentences name and only a scenario has, by kind.
fn open(file: &BudgetFile) -> Vec<String> {
    let all = || file.budgets.iter().chain(&file.guards);
    let of = |what: &str, name: &dyn Fn(&Budget) -> Option<String>| {
        let mut names: Vec<String> = Vec::new();
        for name in all().filter_map(name) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| format!("{what} {}", list(&names)))
    };
    let kinds = [
        of("steps, flows, groups, tags or hosts", &|b| match &b.scope {
            Scope::Named(name) => Some(name.clone()),
            Scope::All | Scope::Server { .. } => None,
        }),
        of("profiles", &|b| {
            let profile = b.during.clone();
            profile.filter(|name| !PHASES.contains(&name.as_str()))
        }),
        of("captures", &|b| match &b.part {
            Some(Part::Capture(name)) => Some(name.clone()),
            _ => None,
        }),
        of("values of `observe`", &|b| match &b.scope {
            Scope::Server { name, query: None } => Some(name.clone()),
            _ => None,
        }),
        of("a Prometheus server for", &|b| match &b.scope {
            Scope::Server {
                name,
                query: Some(_),
            } => Some(name.clone()),
            _ => None,
        }),
    ];
    kinds.into_iter().flatten().collect()
}
