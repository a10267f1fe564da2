//! What a request proves itself with. In: its headers and the cookies of its user; out: what must be masked should the
//! answer repeat it: `Basic …` is the password in another form. Invariant: nothing that is too short to prove anything.

/// Fewer characters prove nothing, and stand everywhere.
const SHORTEST: usize = 8;

/// Credentials in headers, without their scheme, and the values of cookies.
pub fn proofs<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    cookies: Option<&'a str>,
) -> impl Iterator<Item = String> {
    let authorization = headers
        .filter(|(name, _)| name.to_ascii_lowercase().ends_with("authorization"))
        .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        .filter_map(|value| Some(value.rsplit(' ').next()?.to_owned()));
    let cookies = cookies.unwrap_or_default().split("; ");
    let cookies = cookies.filter_map(|cookie| Some(cookie.split_once('=')?.1.to_owned()));
    authorization
        .chain(cookies)
        .filter(|value| value.len() >= SHORTEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_without_their_scheme_and_values_of_cookies() {
        let headers = [
            ("Authorization", &b"Basic YW5uOnB3LTE3"[..]),
            ("proxy-authorization", b"Bearer x"),
            ("accept", b"text/html"),
        ];
        let found: Vec<String> =
            proofs(headers.into_iter(), Some("sid=0123456789; lang=en; odd")).collect();
        assert_eq!(found, ["YW5uOnB3LTE3", "0123456789"]);
    }
}
