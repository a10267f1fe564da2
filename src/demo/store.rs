//! What changes: who is signed in, what is in the carts, what was ordered. In: requests already understood;
//! out: sessions and orders. Invariant: there are never more sessions, lines or orders than the limits say;
//! the oldest leave first.

use super::counter;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// The shoppers who can sign in: the same file that feeds the scenario.
const SHOPPERS: &str = include_str!("../../scenarios/data/shoppers.csv");
/// How long the bank takes to say that an order is paid.
const PAYMENT_TIME: Duration = Duration::from_secs(1);

/// How much is remembered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Sessions, the oldest of which is signed out when another begins.
    pub(super) sessions: usize,
    /// Different products in one cart.
    pub(super) lines: usize,
    /// Orders, the oldest of which is forgotten when another is placed.
    pub(super) orders: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: 10_000,
            lines: 20,
            orders: 10_000,
        }
    }
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub(super) struct Shopper {
    pub(super) email: String,
    pub(super) name: String,
    pub(super) password: String,
}

/// One sign-in with its cart.
#[derive(Debug)]
pub(super) struct Session {
    key: u64,
    /// Index into the shoppers.
    shopper: usize,
    /// What `Authorization: Bearer` must hold.
    pub(super) token: String,
    pub(super) cart: Vec<Line>,
    /// The last payment's idempotency key, and the order it placed.
    paid: Option<(String, u64)>,
}

/// A product in a cart or in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) product: u64,
    pub(super) quantity: u32,
}

/// A placed order.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) id: u64,
    shopper: usize,
    pub(super) lines: Vec<Line>,
    paid_at: Instant,
}

/// Sessions and orders.
#[derive(Debug)]
pub(super) struct Store {
    shoppers: Vec<Shopper>,
    by_email: HashMap<String, usize>,
    sessions: HashMap<u64, Session>,
    /// Keys of the sessions, oldest first; those signed out are still among them.
    ages: VecDeque<u64>,
    signed_in: u64,
    /// Consecutive ids, oldest first.
    orders: VecDeque<Order>,
    limits: Limits,
}

impl Store {
    pub(super) fn new(limits: Limits) -> Self {
        let shoppers: Vec<Shopper> = csv::Reader::from_reader(SHOPPERS.as_bytes())
            .deserialize()
            .filter_map(Result::ok)
            .collect();
        let by_email = shoppers
            .iter()
            .enumerate()
            .map(|(i, s)| (s.email.clone(), i))
            .collect();
        Self {
            shoppers,
            by_email,
            sessions: HashMap::new(),
            ages: VecDeque::new(),
            signed_in: 0,
            orders: VecDeque::new(),
            limits,
        }
    }

    /// Begins a session, or nothing when the password is not the shopper's.
    pub(super) fn sign_in(&mut self, email: &str, password: &str) -> Option<&Session> {
        let shopper = *self.by_email.get(email)?;
        if self.shoppers[shopper].password != password {
            return None;
        }
        // Mixing is one to one, so that keys differ as long as the counter does.
        let key = counter::mix(self.signed_in);
        self.signed_in += 1;
        if self.ages.len() >= self.limits.sessions
            && let Some(oldest) = self.ages.pop_front()
        {
            self.sessions.remove(&oldest);
        }
        self.ages.push_back(key);
        let token = token(key, &self.shoppers[shopper]);
        let session = Session {
            key,
            shopper,
            token,
            cart: Vec::new(),
            paid: None,
        };
        Some(self.sessions.entry(key).insert_entry(session).into_mut())
    }

    /// The session of a session cookie.
    pub(super) fn by_cookie(&mut self, value: &str) -> Option<&mut Session> {
        let key = u64::from_str_radix(value.get(..16)?, 16).ok()?;
        self.sessions
            .get_mut(&key)
            .filter(|session| session.cookie() == value)
    }

    /// The session of a bearer token.
    pub(super) fn by_token(&mut self, token: &str) -> Option<&mut Session> {
        let (_, signature) = token.rsplit_once('.')?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let key = u64::from_be_bytes(*bytes.first_chunk()?);
        self.sessions
            .get_mut(&key)
            .filter(|session| session.token == token)
    }

    /// Ends a session.
    pub(super) fn sign_out(&mut self, cookie: &str) {
        if let Some(key) = self.by_cookie(cookie).map(|session| session.key) {
            self.sessions.remove(&key);
        }
    }

    /// A shopper by the index that a session holds.
    pub(super) fn shopper(&self, index: usize) -> &Shopper {
        &self.shoppers[index]
    }

    /// Turns the cart into an order; `None` when it is empty. The same idempotency key again is the same
    /// order again. The flag says whether the order is new.
    pub(super) fn pay(
        &mut self,
        token: &str,
        idempotency: Option<&str>,
        now: Instant,
    ) -> Option<(&Order, bool)> {
        let id = self.orders.back().map_or(1, |order| order.id + 1);
        let session = self.by_token(token)?;
        let again = session
            .paid
            .as_ref()
            .filter(|(key, _)| idempotency == Some(key))
            .map(|(_, order)| *order);
        if let Some(order) = again {
            return self
                .position(order)
                .map(|index| (&self.orders[index], false));
        }
        if session.cart.is_empty() {
            return None;
        }
        session.paid = idempotency.map(|key| (key.to_owned(), id));
        let lines = std::mem::take(&mut session.cart);
        let shopper = session.shopper;
        if self.orders.len() >= self.limits.orders {
            self.orders.pop_front();
        }
        self.orders.push_back(Order {
            id,
            shopper,
            lines,
            paid_at: now + PAYMENT_TIME,
        });
        self.orders.back().map(|order| (order, true))
    }

    /// An order, for the shopper who placed it and nobody else.
    pub(super) fn order(&self, id: u64, shopper: usize) -> Option<&Order> {
        let order = &self.orders[self.position(id)?];
        (order.shopper == shopper).then_some(order)
    }

    fn position(&self, order: u64) -> Option<usize> {
        let index = usize::try_from(order.checked_sub(self.orders.front()?.id)?).ok()?;
        (index < self.orders.len()).then_some(index)
    }

    /// The most lines in one cart.
    pub(super) fn max_lines(&self) -> usize {
        self.limits.lines
    }
}

impl Session {
    /// The value of the session cookie.
    pub(super) fn cookie(&self) -> String {
        format!("{:016x}{:016x}", self.key, counter::mix(!self.key))
    }

    /// Index of the shopper, to ask for orders with.
    pub(super) fn shopper(&self) -> usize {
        self.shopper
    }
}

impl Order {
    /// `pending` until the bank has answered, then `paid`.
    pub(super) fn state(&self, now: Instant) -> &'static str {
        if now >= self.paid_at {
            "paid"
        } else {
            "pending"
        }
    }
}

/// Three parts with points between them, as a JWT has; the last begins with the session's key. It is not
/// signed: the shop knows its own tokens by heart.
fn token(key: u64, shopper: &Shopper) -> String {
    let claims =
        serde_json::json!({ "sub": shopper.email, "name": shopper.name, "role": "shopper" });
    let mut signature = [0; 32];
    for (i, chunk) in signature.chunks_exact_mut(8).enumerate() {
        let word = if i == 0 {
            key
        } else {
            counter::mix(key ^ i as u64)
        };
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    [
        BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
        BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()),
        BASE64_URL_SAFE_NO_PAD.encode(signature),
    ]
    .join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> Store {
        Store::new(Limits {
            sessions: 3,
            lines: 2,
            orders: 2,
        })
    }

    fn sign_in(store: &mut Store, shopper: usize) -> (String, String) {
        let Shopper {
            email, password, ..
        } = store.shoppers[shopper].clone();
        let session = store.sign_in(&email, &password).unwrap();
        (session.cookie(), session.token.clone())
    }

    fn fill(store: &mut Store, token: &str) {
        store.by_token(token).unwrap().cart.push(Line {
            product: 1,
            quantity: 2,
        });
    }

    #[test]
    fn every_row_of_the_file_is_a_shopper() {
        let store = store();
        assert_eq!(store.shoppers.len(), SHOPPERS.lines().count() - 1);
        assert_eq!(
            store.by_email.len(),
            store.shoppers.len(),
            "e-mail addresses are unique"
        );
    }

    #[test]
    fn a_session_is_known_by_its_cookie_and_by_its_token_and_by_nothing_else() {
        let mut store = store();
        let (cookie, token) = sign_in(&mut store, 5);
        assert!(store.by_cookie(&cookie).is_some());
        assert!(store.by_token(&token).is_some());
        assert_eq!(token.matches('.').count(), 2);
        for wrong in [
            "",
            ".",
            "a.b.c",
            &token[1..],
            &cookie[..16],
            "ü",
            &format!("x{token}"),
        ] {
            assert!(store.by_token(wrong).is_none(), "{wrong}");
            assert!(store.by_cookie(wrong).is_none(), "{wrong}");
        }
        assert!(store.sign_in("nobody@shop.example", "x").is_none());
        let email = store.shoppers[5].email.clone();
        assert!(store.sign_in(&email, "wrong").is_none());
        store.sign_out(&cookie);
        assert!(store.by_token(&token).is_none());
    }

    #[test]
    fn the_oldest_sessions_and_orders_leave_first() {
        let mut store = store();
        let now = Instant::now();
        let all: Vec<_> = (0..5).map(|i| sign_in(&mut store, i)).collect();
        assert_eq!((store.sessions.len(), store.ages.len()), (3, 3));
        assert!(store.by_cookie(&all[1].0).is_none());
        assert!(store.by_cookie(&all[2].0).is_some());
        for _ in 0..4 {
            fill(&mut store, &all[4].1);
            assert!(store.pay(&all[4].1, None, now).unwrap().1);
        }
        assert!(store.order(2, 4).is_none());
        assert_eq!(store.order(3, 4).unwrap().id, 3);
        assert!(store.order(3, 0).is_none(), "somebody else's order");
        assert!(store.order(5, 4).is_none());
        assert!(store.order(0, 4).is_none());
    }

    #[test]
    fn signing_in_and_out_for_ever_remembers_nothing() {
        let mut store = store();
        for _ in 0..100 {
            let (cookie, _) = sign_in(&mut store, 0);
            store.sign_out(&cookie);
        }
        assert!(store.sessions.is_empty());
        assert!(store.ages.len() <= 3);
    }

    #[test]
    fn an_order_is_paid_after_a_second_and_placed_once_for_one_key() {
        let mut store = store();
        let now = Instant::now();
        let (_, token) = sign_in(&mut store, 0);
        assert!(
            store.pay(&token, Some("k"), now).is_none(),
            "the cart is empty"
        );
        fill(&mut store, &token);
        let (order, new) = store.pay(&token, Some("k"), now).unwrap();
        assert!(new);
        assert_eq!(order.state(now), "pending");
        assert_eq!(order.state(now + PAYMENT_TIME), "paid");
        let id = order.id;
        let (order, new) = store.pay(&token, Some("k"), now).unwrap();
        assert_eq!((order.id, new), (id, false));
        assert!(
            store.pay(&token, Some("other"), now).is_none(),
            "the cart was emptied"
        );
    }
}
