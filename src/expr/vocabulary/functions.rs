//! The functions of templates, as the reference has them.

use super::{Entry, Kind};

const fn function(entry: [&'static str; 5], also: &'static [&'static str]) -> Entry {
    Entry::new(Kind::Function, entry, also)
}

const fn fake(entry: [&'static str; 5]) -> Entry {
    function(entry, &[])
}

pub(super) const FUNCTIONS: [Entry; 34] = [
    function(
        [
            "uuid",
            "uuid()",
            "a random UUID, version 4",
            "{{ uuid() }}",
            "0e2c1a00-2aae-413d-ac0f-c8ddfa4e9e14",
        ],
        &["uuidv4", "guid", "randomUUID"],
    ),
    function(
        [
            "now",
            "now(\"FORMAT\", \"OFFSET\")",
            "the time in a format of strftime, so far from now (`+3d`, `-90s`); RFC 3339 without a format; UTC",
            "{{ now(\"%Y-%m-%d\", \"+3d\") }}",
            "2026-11-24",
        ],
        &["date", "today", "newDate"],
    ),
    function(
        [
            "timestamp",
            "timestamp(\"OFFSET\")",
            "seconds since 1970, so far from now",
            "{{ timestamp(\"-1h\") }}",
            "1795251600",
        ],
        &["epoch", "unixtime"],
    ),
    function(
        [
            "random_int",
            "random_int(1, 6)",
            "a whole number between two, both included",
            "{{ random_int(5, 5) }}",
            "5",
        ],
        &["randomInt", "randint", "randomNumber"],
    ),
    function(
        [
            "random_string",
            "random_string(8)",
            "so many letters and digits",
            "{{ random_string(8) }}",
            "DKsa7csU",
        ],
        &["randomString"],
    ),
    function(
        [
            "choice",
            "choice(\"a\", \"b\")",
            "one of several values",
            "{{ choice(\"red\", \"blue\") }}",
            "red",
        ],
        &["random_choice", "randomItem", "oneOf", "pick"],
    ),
    function(
        [
            "user",
            "user()",
            "the number of the virtual user",
            "{{ user() }}",
            "4",
        ],
        &["vu", "user_id"],
    ),
    function(
        [
            "iteration",
            "iteration()",
            "how many flows the user has run before",
            "{{ iteration() }}",
            "9",
        ],
        &["iter"],
    ),
    function(
        [
            "sequence",
            "sequence()",
            "a number that no other iteration of any user has in this run",
            "{{ sequence() }}",
            "38654705668",
        ],
        &["counter", "seq", "unique"],
    ),
    function(
        [
            "env",
            "env(\"NAME\", \"default\")",
            "an environment variable, read once, while the scenario is read",
            "{{ env(\"STAGE\", \"dev\") }}",
            "dev",
        ],
        &["getenv", "getEnv", "__ENV"],
    ),
    function(
        [
            "sha256",
            "sha256(TEXT)",
            "the SHA-256 digest of a text, in hexadecimal",
            "{{ sha256(user) }}",
            "17239b6e250110330eda64a29c610bf146f89883371fab093feda03bec61b646",
        ],
        &["sha", "hash", "md5"],
    ),
    function(
        [
            "hmac_sha256",
            "hmac_sha256(KEY, TEXT)",
            "the HMAC of a text, in hexadecimal",
            "{{ hmac_sha256(\"key\", \"The quick brown fox jumps over the lazy dog\") }}",
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
        ],
        &["hmac"],
    ),
    function(
        [
            "hmac_sha256_base64",
            "hmac_sha256_base64(KEY, TEXT)",
            "the HMAC of a text, in base64",
            "{{ hmac_sha256_base64(\"key\", user) }}",
            "KEkkcAZldXGIiAVfrFGmlfRjztLI9RIxOuifJhDQjbU=",
        ],
        &["hmac_base64"],
    ),
    function(
        [
            "base64",
            "base64(TEXT)",
            "a text in base64",
            "{{ base64(\"ann:secret\") }}",
            "YW5uOnNlY3JldA==",
        ],
        &["b64encode", "btoa", "base64_encode"],
    ),
    function(
        [
            "base64url",
            "base64url(TEXT)",
            "a text in the base64 of URLs, without padding",
            "{{ base64url(\"a?>\") }}",
            "YT8-",
        ],
        &["base64url_encode"],
    ),
    function(
        [
            "url_encode",
            "url_encode(TEXT)",
            "a text as part of a URL",
            "{{ url_encode(\"a b&c\") }}",
            "a%20b%26c",
        ],
        &["urlencode", "encodeURIComponent"],
    ),
    fake([
        "fake_number",
        "fake_number(1, 6)",
        "a whole number between two, both included",
        "{{ fake_number(7, 7) }}",
        "7",
    ]),
    fake([
        "fake_name",
        "fake_name()",
        "a person's name",
        "{{ fake_name() }}",
        "Amya D'Amore",
    ]),
    fake([
        "fake_first_name",
        "fake_first_name()",
        "a first name",
        "{{ fake_first_name() }}",
        "Amya",
    ]),
    fake([
        "fake_last_name",
        "fake_last_name()",
        "a last name",
        "{{ fake_last_name() }}",
        "Bednar",
    ]),
    fake([
        "fake_email",
        "fake_email()",
        "a mail address of example.com, .net or .org",
        "{{ fake_email() }}",
        "amya@example.com",
    ]),
    fake([
        "fake_username",
        "fake_username()",
        "a login name",
        "{{ fake_username() }}",
        "celia",
    ]),
    fake([
        "fake_phone",
        "fake_phone()",
        "a telephone number",
        "{{ fake_phone() }}",
        "(274) 947-3901 x171",
    ]),
    fake([
        "fake_address",
        "fake_address()",
        "a street, a city and a ZIP code",
        "{{ fake_address() }}",
        "17494 Ernie Way, North Celia Reynoldsland 0111",
    ]),
    fake([
        "fake_street",
        "fake_street()",
        "a number and a street",
        "{{ fake_street() }}",
        "17494 Ernie Way",
    ]),
    fake([
        "fake_city",
        "fake_city()",
        "a city",
        "{{ fake_city() }}",
        "East Mikel Kautzershire",
    ]),
    fake([
        "fake_zip",
        "fake_zip()",
        "a ZIP code",
        "{{ fake_zip() }}",
        "17494",
    ]),
    fake([
        "fake_state",
        "fake_state()",
        "a state",
        "{{ fake_state() }}",
        "Arizona",
    ]),
    fake([
        "fake_country",
        "fake_country()",
        "a country",
        "{{ fake_country() }}",
        "Austria",
    ]),
    fake([
        "fake_company",
        "fake_company()",
        "a company",
        "{{ fake_company() }}",
        "D'Amore and Sons",
    ]),
    fake([
        "fake_job",
        "fake_job()",
        "a job",
        "{{ fake_job() }}",
        "Lead Administration Developer",
    ]),
    fake([
        "fake_word",
        "fake_word()",
        "a word",
        "{{ fake_word() }}",
        "illo",
    ]),
    fake([
        "fake_sentence",
        "fake_sentence()",
        "a sentence of 4 to 9 words",
        "{{ fake_sentence() }}",
        "ipsum porro molestiae sapiente.",
    ]),
    fake([
        "fake_paragraph",
        "fake_paragraph()",
        "3 to 5 sentences",
        "{{ fake_paragraph() }}",
        "porro molestiae sapiente laudantium est.\nvoluptatibus architecto fugit ipsum minus.\ndolores aspernatur neque sit.",
    ]),
];
