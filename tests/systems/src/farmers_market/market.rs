//! What is for sale. In: changes by sellers and customers; out: products, stock, reviews. Invariant: what is gone is gone
//! with all that belonged to it.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// (slug, name) of the categories.
pub(super) const CATEGORIES: [(&str, &str); 3] = [
    ("vegetables", "Vegetables"),
    ("fruit", "Fruit"),
    ("cheese", "Cheese"),
];

/// A product and what belongs to it.
#[derive(Debug, Clone)]
pub(super) struct Stall {
    pub(super) product: Value,
    pub(super) available: u64,
    pub(super) reviews: BTreeMap<String, Value>,
}

/// Everything, by id.
#[derive(Debug, Default)]
pub(super) struct Market {
    pub(super) stalls: BTreeMap<String, Stall>,
    made: u64,
}

impl Market {
    /// Sixty products that are always there.
    pub(super) fn stocked() -> Self {
        let mut market = Self::default();
        for number in 0..60_usize {
            let (category, name) = CATEGORIES[number % CATEGORIES.len()];
            market.add(&json!({
                "name": format!("{name} {number}"),
                "price": 1.5 + number as f64 / 10.0,
                "unit": "kg",
                "category": category,
            }));
        }
        market
    }

    /// An id that nothing else has.
    pub(super) fn id(&mut self) -> String {
        self.made += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.made)
    }

    /// Puts something up for sale; its id.
    pub(super) fn add(&mut self, new: &Value) -> String {
        let id = self.id();
        let mut product = new.clone();
        product["id"] = json!(id);
        product["createdAt"] = json!("2026-11-20T08:00:00Z");
        let stall = Stall {
            product,
            available: 0,
            reviews: BTreeMap::new(),
        };
        self.stalls.insert(id.clone(), stall);
        id
    }

    /// Products for which something holds, from one on, so many at most; and how many there are.
    pub(super) fn page(&self, from: usize, limit: usize, holds: impl Fn(&Value) -> bool) -> Value {
        let all = self.stalls.values().map(|stall| &stall.product);
        let found: Vec<&Value> = all.filter(|product| holds(product)).collect();
        let items: Vec<&Value> = found.iter().skip(from).take(limit).copied().collect();
        json!({ "items": items, "total": found.len(), "next": null })
    }
}

/// What is wrong with a product; nothing where all is well.
pub(super) fn objection(new: &Value) -> Option<&'static str> {
    let text = |key: &str| new[key].as_str().unwrap_or_default();
    let known = CATEGORIES.iter().any(|(slug, _)| *slug == text("category"));
    if text("name").is_empty() {
        Some("name is needed")
    } else if new["price"].as_f64().is_none_or(|price| price < 0.01) {
        Some("price is at least 0.01")
    } else if !["piece", "kg", "bunch", "litre"].contains(&text("unit")) {
        Some("unit is piece, kg, bunch or litre")
    } else if !known {
        Some("there is no such category")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_product_is_said() {
        let good =
            json!({ "name": "Leek", "price": 2.5, "unit": "bunch", "category": "vegetables" });
        assert_eq!(objection(&good), None);
        for (key, value, want) in [
            ("name", json!(""), "name is needed"),
            ("price", json!(0), "price is at least 0.01"),
            ("price", json!("2.5"), "price is at least 0.01"),
            ("unit", json!("sack"), "unit is piece, kg, bunch or litre"),
            ("category", json!("wine"), "there is no such category"),
        ] {
            let mut bad = good.clone();
            bad[key] = value;
            assert_eq!(objection(&bad), Some(want));
        }
    }

    #[test]
    fn a_page_says_how_many_there_are() {
        let page = Market::stocked().page(18, 5, |product| product["category"] == "fruit");
        assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
        assert_eq!(page["total"], 20);
    }
}
