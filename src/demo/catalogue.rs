//! What the shop sells. In: nothing but the tables below; out: products with their JSON, pages and images
//! rendered once. Invariant: the catalogue never changes, so an entity tag is a function of the address.

use super::{counter, pages};
use bytes::Bytes;
use std::fmt::Write;

/// Categories with what is sold in them; the last holds what is sold out.
pub(super) const CATEGORIES: [(&str, &str); 7] = [
    ("lamps", "Lamp"),
    ("chairs", "Chair"),
    ("tables", "Table"),
    ("rugs", "Rug"),
    ("shelves", "Shelf"),
    ("mugs", "Mug"),
    ("outlet", "Clock"),
];
const STYLES: [&str; 20] = [
    "Amber", "Birch", "Cobalt", "Dune", "Ember", "Fjord", "Granite", "Harbour", "Indigo",
    "Juniper", "Kelp", "Linden", "Maple", "Nordic", "Olive", "Pine", "Quartz", "Rowan", "Sage",
    "Tundra",
];
/// How many sold-out products the outlet still lists.
const SOLD_OUT: usize = 4;
/// What every other product has in store. Paying takes nothing away: the warehouse refills at once, so that
/// a long load test does not empty the shop.
const STOCK: u32 = 50;

/// One product and its renderings.
#[derive(Debug)]
pub(super) struct Product {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) category: &'static str,
    /// In cents.
    pub(super) price: u64,
    pub(super) stock: u32,
    pub(super) json: Bytes,
    pub(super) page: Bytes,
    pub(super) image: Bytes,
}

/// All products in the order of their ids, which start at 1, and the pages that list them.
#[derive(Debug)]
pub(super) struct Catalogue {
    products: Vec<Product>,
    pub(super) landing: Bytes,
    categories: Vec<(&'static str, Bytes)>,
}

/// What a listing asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) limit: usize,
    pub(super) category: Option<String>,
    /// Lower case; a part of the name.
    pub(super) search: Option<String>,
}

impl Catalogue {
    pub(super) fn new() -> Self {
        let mut products = Vec::new();
        for (category, noun) in CATEGORIES {
            let styles = if category == "outlet" {
                SOLD_OUT
            } else {
                STYLES.len()
            };
            for style in &STYLES[..styles] {
                products.push(Product::new(
                    products.len() as u64 + 1,
                    format!("{style} {noun}"),
                    category,
                ));
            }
        }
        for product in &mut products {
            product.json = product.to_json().into();
            product.page = pages::product(product).into();
            product.image = pages::image(product).into();
        }
        let categories = CATEGORIES
            .iter()
            .map(|(name, _)| {
                let members = products.iter().filter(|p| p.category == *name);
                (*name, pages::category(name, members).into())
            })
            .collect();
        let landing = pages::landing(products.iter().step_by(7).take(12)).into();
        Self {
            products,
            landing,
            categories,
        }
    }

    /// A product by the id in an address; only the plain decimal form is one.
    pub(super) fn find(&self, id: &str) -> Option<&Product> {
        self.product(decimal(id)?)
    }

    pub(super) fn product(&self, id: u64) -> Option<&Product> {
        let index = usize::try_from(id.checked_sub(1)?).ok()?;
        self.products.get(index)
    }

    /// The page of a category.
    pub(super) fn category(&self, name: &str) -> Option<&Bytes> {
        self.categories
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, page)| page)
    }

    /// The listing as JSON: `{"items":[…],"count":n,"total":n}`.
    pub(super) fn list(&self, listing: &Listing) -> Bytes {
        let mut out = String::with_capacity(64 + listing.limit * 110);
        out.push_str("{\"items\":[");
        let (mut count, mut total) = (0, 0);
        for product in self.products.iter().filter(|p| listing.matches(p)) {
            total += 1;
            if count < listing.limit {
                if count > 0 {
                    out.push(',');
                }
                out.push_str(std::str::from_utf8(&product.json).unwrap_or_default());
                count += 1;
            }
        }
        let _ = write!(out, "],\"count\":{count},\"total\":{total}}}");
        out.into()
    }
}

impl Listing {
    fn matches(&self, product: &Product) -> bool {
        self.category
            .as_deref()
            .is_none_or(|c| c == product.category)
            && self
                .search
                .as_deref()
                .is_none_or(|s| product.name.to_ascii_lowercase().contains(s))
    }

    /// The entity tag of this listing.
    pub(super) fn tag(&self) -> String {
        let key = format!("{}\n{:?}\n{:?}", self.limit, self.category, self.search);
        let hash = key
            .bytes()
            .fold(0, |hash, byte| counter::mix(hash ^ u64::from(byte)));
        format!("\"l{hash:016x}\"")
    }
}

impl Product {
    fn new(id: u64, name: String, category: &'static str) -> Self {
        Self {
            id,
            name,
            category,
            price: 490 + counter::mix(id) % 400 * 50,
            stock: if category == "outlet" { 0 } else { STOCK },
            json: Bytes::new(),
            page: Bytes::new(),
            image: Bytes::new(),
        }
    }

    fn to_json(&self) -> String {
        // Names come from the tables above and need no escapes.
        format!(
            r#"{{"id":{},"name":"{}","category":"{}","price":{},"stock":{},"image":"/images/{}.svg"}}"#,
            self.id,
            self.name,
            self.category,
            money(self.price),
            self.stock,
            self.id
        )
    }

    /// The entity tag of this product.
    pub(super) fn tag(&self) -> String {
        format!("\"p{}\"", self.id)
    }
}

/// Cents as people and JSON write them: `12.50`.
pub(super) fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// A number as it stands in an address: digits only, no sign, no leading zero.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let plain =
        !text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn every_product_is_found_by_its_id_and_is_json() {
        let catalogue = Catalogue::new();
        assert_eq!(catalogue.products.len(), 6 * 20 + SOLD_OUT);
        for product in &catalogue.products {
            let json: Value = serde_json::from_slice(&product.json).unwrap();
            assert_eq!(json["id"], product.id);
            assert_eq!(json["name"], product.name);
            let found = catalogue.find(&product.id.to_string()).unwrap();
            assert_eq!(found.name, product.name);
        }
        for absent in [
            "0",
            "-1",
            "+1",
            "01",
            "",
            "9999",
            "1.0",
            "99999999999999999999999",
        ] {
            assert!(catalogue.find(absent).is_none(), "{absent}");
        }
    }

    #[test]
    fn listings_are_limited_and_filtered_and_have_their_own_tags() {
        let catalogue = Catalogue::new();
        let list = |limit, category: Option<&str>, search: Option<&str>| {
            let listing = Listing {
                limit,
                category: category.map(Into::into),
                search: search.map(Into::into),
            };
            let json: Value = serde_json::from_slice(&catalogue.list(&listing)).unwrap();
            assert_eq!(json["items"].as_array().unwrap().len(), json["count"]);
            (
                json["count"].as_u64().unwrap(),
                json["total"].as_u64().unwrap(),
                listing.tag(),
            )
        };
        let all = list(20, None, None);
        assert_eq!((all.0, all.1), (20, 124));
        let mugs = list(20, Some("mugs"), None);
        assert_eq!((mugs.0, mugs.1), (20, 20));
        let amber = list(20, None, Some("amber"));
        assert_eq!((amber.0, amber.1), (7, 7));
        assert_eq!(list(20, Some("boats"), None).0, 0);
        assert_eq!(list(0, None, None).0, 0);
        assert_ne!(all.2, mugs.2);
        assert_ne!(all.2, amber.2);
        assert_eq!(all.2, list(20, None, None).2);
    }
}
