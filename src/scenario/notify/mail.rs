//! `mail:`. In: a mail server and addresses; out: where a mail goes and how. Invariant: a password is a declared secret,
//! and goes to no other host than this one without TLS.

use super::secret_of;
use crate::scenario::loading::Loading;
use crate::scenario::vocabulary::{MAIL, MAIL_TLS};
use crate::source::{Node, Spanned};
use std::fmt;
use std::net::IpAddr;

/// A mail server, and who gets mail from whom.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How TLS begins.
    pub tls: MailTls,
    /// User and password.
    pub login: Option<(String, String)>,
    /// The sender: `tollgate@shop.test`.
    pub from: String,
    /// Who gets it; never empty.
    pub to: Vec<String>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({}:{})", self.host, self.port)
    }
}

/// How TLS begins on a connection to a mail server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// After a command; a server that does not know it gets nothing.
    StartTls,
    /// At once.
    Implicit,
    /// Not at all: only on this machine.
    None,
}

impl MailTls {
    /// In the order of the words in the vocabulary.
    const ALL: [Self; 3] = [Self::StartTls, Self::Implicit, Self::None];

    /// The port that such servers have.
    fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Implicit => 465,
            Self::None => 25,
        }
    }
}

/// Reads `mail:`.
pub(super) fn read(loading: &mut Loading<'_>, node: &Node) -> Option<Mail> {
    let fields = loading.reader.object(node, &MAIL)?;
    let word = fields
        .get("tls")
        .map(|node| loading.reader.word(node, &MAIL_TLS));
    let named = |word| MAIL_TLS.iter().position(|known| *known == word);
    let tls = word.map_or(Some(MailTls::StartTls), |word| {
        named(word?).map(|i| MailTls::ALL[i])
    });
    let server = fields
        .get("server")
        .and_then(|node| server(loading, node, tls?));
    let from = fields.get("from").and_then(|node| address(loading, node));
    let to = loading.reader.list(fields.get("to")?);
    let all = to.len();
    let to: Vec<String> = to
        .into_iter()
        .filter_map(|node| address(loading, node))
        .collect();
    let user = fields.get("user").map(|node| loading.reader.text(node));
    let words = ("the password of a mail server", "password", "SMTP_PASSWORD");
    let password = fields
        .get("password")
        .map(|node| secret_of(loading, node, words));
    if user.is_some() != password.is_some() {
        let message = "a mail server wants both, `user` and `password`";
        let help = "add the other one, or leave both out where the server asks for none";
        loading.reader.error("T0743", node.span, message, help);
        return None;
    }
    let login = match (user, password) {
        (Some(user), Some(password)) => Some((user?.value, password?)),
        _ => None,
    };
    let (host, port) = server?;
    (to.len() == all).then_some(Mail {
        host,
        port,
        tls: tls?,
        login,
        from: from?,
        to,
    })
}

/// `mail.shop.test`, `127.0.0.1:2525`, `[::1]:25`.
fn server(loading: &mut Loading<'_>, node: &Node, tls: MailTls) -> Option<(String, u16)> {
    let text = loading.reader.text(node)?;
    let Some((host, port)) = place(&text.value, tls) else {
        let message = "`server` is no name of a mail server";
        let help = "write `mail.shop.test`, or `mail.shop.test:587` with its port";
        loading.reader.error("T0743", text.span, message, help);
        return None;
    };
    let here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    if tls == MailTls::None && !here {
        plain(loading, &text, &host);
        return None;
    }
    Some((host, port))
}

fn plain(loading: &mut Loading<'_>, text: &Spanned<String>, host: &str) {
    let message =
        format!("mail to {host} would go without TLS, and everybody on the way could read it");
    let help = "leave `tls` out (STARTTLS), or write `tls: implicit`; `none` is for servers on this machine";
    loading.reader.error("T0743", text.span, message, help);
}

fn place(text: &str, tls: MailTls) -> Option<(String, u16)> {
    // Addresses of the sixth version stand in brackets, as in URLs.
    let url = url::Url::parse(&format!("smtp://{text}")).ok()?;
    let bare = url.path().is_empty() && url.username().is_empty() && url.query().is_none();
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    (bare && !host.is_empty()).then(|| (host, url.port().unwrap_or_else(|| tls.port())))
}

/// Somebody's address: exactly one, without a name in front.
fn address(loading: &mut Loading<'_>, node: &Node) -> Option<String> {
    let text = loading.reader.text(node)?;
    let sound = text.value.rsplit_once('@').is_some_and(|(user, host)| {
        let odd = |c: char| {
            c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '@')
        };
        !user.is_empty() && !host.is_empty() && !text.value.replacen('@', "", 1).contains(odd)
    });
    if sound {
        return Some(text.value);
    }
    let message = format!("`{}` is no mail address", text.value);
    let help = "write `somebody@shop.test`, one address in each entry";
    loading.reader.error("T0743", text.span, message, help);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_a_name_and_perhaps_a_port() {
        for (text, expected) in [
            ("mail.shop.test", Some(("mail.shop.test", 587))),
            ("mail.shop.test:2525", Some(("mail.shop.test", 2525))),
            ("[::1]:25", Some(("::1", 25))),
            ("ann@mail.shop.test", None),
            ("smtp://mail.shop.test", None),
            ("mail.shop.test/x", None),
            ("", None),
        ] {
            let place = place(text, MailTls::StartTls);
            let place = place.as_ref().map(|(host, port)| (host.as_str(), *port));
            assert_eq!(place, expected, "{text}");
        }
    }
}
