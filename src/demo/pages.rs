//! The shop as HTML, and its pictures as SVG. In: products; out: whole documents. Invariant: everything
//! printed comes from the catalogue's own tables, so nothing a client sends is ever echoed here.

use super::catalogue::{CATEGORIES, Product, money};
use super::counter;
use std::fmt::Write;

/// The style sheet that every page links to.
pub(super) const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem}\
nav a{margin-right:1rem}ul{display:grid;grid-template-columns:repeat(4,1fr);gap:1rem;list-style:none;padding:0}\
img{width:100%}\n";

/// The first page: what the shop is, and a few products.
pub(super) fn landing<'a>(products: impl Iterator<Item = &'a Product>) -> String {
    page(
        "The Demo Shop",
        &format!(
            "<p>Furniture that does not exist, at prices that do not matter.</p>{}",
            list(products)
        ),
    )
}

/// The page of one category.
pub(super) fn category<'a>(name: &str, products: impl Iterator<Item = &'a Product>) -> String {
    page(&format!("All {name}"), &list(products))
}

/// The page of one product.
pub(super) fn product(product: &Product) -> String {
    let stock = if product.stock == 0 {
        "sold out"
    } else {
        "in stock"
    };
    page(
        &product.name,
        &format!(
            "<img src=\"/images/{id}.svg\" alt=\"{name}\"><p class=\"price\">€ {price}</p><p>{stock}</p>\
             <p><a href=\"/category/{category}\">more {category}</a></p>",
            id = product.id,
            name = product.name,
            price = money(product.price),
            category = product.category
        ),
    )
}

fn list<'a>(products: impl Iterator<Item = &'a Product>) -> String {
    let mut out = String::from("<ul>\n");
    for product in products {
        let _ = writeln!(
            out,
            "<li><a href=\"/product/{id}\"><img src=\"/images/{id}.svg\" alt=\"\">{name}</a> € {price}</li>",
            id = product.id,
            name = product.name,
            price = money(product.price)
        );
    }
    out.push_str("</ul>");
    out
}

fn page(title: &str, content: &str) -> String {
    let mut links = String::new();
    for (name, _) in CATEGORIES {
        let _ = write!(links, "<a href=\"/category/{name}\">{name}</a>");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/static/shop.css\"></head>\n\
         <body><nav><a href=\"/\">home</a>{links}</nav>\n<h1>{title}</h1>\n{content}\n</body></html>\n"
    )
}

/// A picture of a product: shapes and colours from its id.
pub(super) fn image(product: &Product) -> String {
    let mut out =
        String::from("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\">");
    for shape in 0..12 {
        let bits = counter::mix(product.id * 64 + shape);
        let _ = write!(
            out,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"hsl({},60%,60%)\" opacity=\".6\"/>",
            bits % 100,
            (bits >> 8) % 100,
            10 + (bits >> 16) % 25,
            (bits >> 24) % 360
        );
    }
    out.push_str("</svg>\n");
    out
}
