//! Wines and who they belong to. In: requests with a token; out: wines of that person. Invariant: row-level security:
//! somebody else's wine is not found.

use super::accounts::owner;
use super::{Shared, lock};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::sleep;

/// How long the model behind the adviser thinks.
const THINKS: Duration = Duration::from_millis(250);
const THINKS_TOO_LONG: Duration = Duration::from_millis(5_200);

/// A bottle.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Wine {
    #[serde(default)]
    id: u64,
    #[serde(default)]
    owner: String,
    name: String,
    vintage: u16,
    region: String,
}

/// All bottles of all people.
#[derive(Debug, Default)]
pub(super) struct Cellar {
    last: u64,
    wines: BTreeMap<u64, Wine>,
}

impl Cellar {
    fn put(&mut self, mut wine: Wine, owner: &str) -> Wine {
        self.last += 1;
        wine.id = self.last;
        owner.clone_into(&mut wine.owner);
        self.wines.insert(wine.id, wine.clone());
        wine
    }

    /// Nobody's cellar is empty: the first look finds what was there when they came.
    fn of(&mut self, owner: &str) -> Vec<&Wine> {
        if !self.wines.values().any(|wine| wine.owner == owner) {
            for (name, vintage, region) in [
                ("Quinta da Cal", 2019, "Douro"),
                ("Clos du Pré", 2020, "Loire"),
            ] {
                let wine = Wine {
                    id: 0,
                    owner: String::new(),
                    name: name.into(),
                    vintage,
                    region: region.into(),
                };
                self.put(wine, owner);
            }
        }
        self.wines
            .values()
            .filter(|wine| wine.owner == owner)
            .collect()
    }
}

type Answer<T> = Result<T, StatusCode>;

/// The wines of whoever asks.
pub(super) async fn list(State(site): Shared, headers: HeaderMap) -> Answer<Json<Value>> {
    let owner = owner(&site, &headers)?;
    if site.broken.on("slow-list") {
        sleep(Duration::from_millis(400)).await;
    }
    let mut cellar = lock(&site.cellar);
    let mut wines = cellar.of(&owner);
    if site.broken.on("list-leaks") {
        wines = cellar.wines.values().collect();
    }
    Ok(Json(json!({ "count": wines.len(), "items": wines })))
}

/// One more.
pub(super) async fn add(
    State(site): Shared,
    headers: HeaderMap,
    Json(wine): Json<Wine>,
) -> Answer<(StatusCode, Json<Wine>)> {
    let owner = owner(&site, &headers)?;
    let mut cellar = lock(&site.cellar);
    let wine = cellar.put(wine, &owner);
    if site.broken.on("wine-lost") {
        cellar.wines.remove(&wine.id);
    }
    Ok((StatusCode::CREATED, Json(wine)))
}

/// One wine.
pub(super) async fn show(
    State(site): Shared,
    Path(id): Path<u64>,
    headers: HeaderMap,
) -> Answer<Json<Wine>> {
    let owner = owner(&site, &headers)?;
    let wine = lock(&site.cellar).wines.get(&id).cloned();
    let wine = wine.filter(|wine| wine.owner == owner || site.broken.on("rows-leak"));
    wine.map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// One less.
pub(super) async fn drink(
    State(site): Shared,
    Path(id): Path<u64>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let owner = owner(&site, &headers)?;
    let mut cellar = lock(&site.cellar);
    let hers = cellar
        .wines
        .get(&id)
        .is_some_and(|wine| wine.owner == owner);
    hers.then(|| cellar.wines.remove(&id))
        .ok_or(StatusCode::NOT_FOUND)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
pub(super) struct Question {
    dish: String,
}

/// What to open with a dish: the newest bottles of the cellar.
pub(super) async fn recommend(
    State(site): Shared,
    headers: HeaderMap,
    Json(question): Json<Question>,
) -> Answer<Json<Value>> {
    let owner = owner(&site, &headers)?;
    let slow = site.broken.on("slow-adviser");
    sleep(if slow { THINKS_TOO_LONG } else { THINKS }).await;
    let mut cellar = lock(&site.cellar);
    let mut wines: Vec<u64> = cellar.of(&owner).iter().map(|wine| wine.id).collect();
    if site.broken.on("adviser-dreams") {
        wines = vec![cellar.last + 1_000];
    }
    let reason = format!("its acidity stands up to {}", question.dish);
    let advice = wines
        .iter()
        .rev()
        .map(|id| json!({ "wine": id, "reason": reason }));
    Ok(Json(
        json!({ "recommendations": advice.collect::<Vec<_>>() }),
    ))
}
