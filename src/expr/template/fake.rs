//! Data that looks real. In: what is wanted and the user's stream; out: a name, an address, a sentence.
//! Invariant: mail addresses are of `example.com`, `.net` and `.org`, which belong to nobody.

use fake::Fake as _;
use fake::faker::address::en::{
    BuildingNumber, CityName, CountryName, StateName, StreetName, ZipCode,
};
use fake::faker::company::en::CompanyName;
use fake::faker::internet::en::{SafeEmail, Username};
use fake::faker::job::en::Title;
use fake::faker::lorem::en::{Paragraph, Sentence, Word};
use fake::faker::name::en::{FirstName, LastName, Name};
use fake::faker::phone_number::en::PhoneNumber;
use rand_xoshiro::Xoshiro256PlusPlus;

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::expr) enum Fake {
    Name,
    FirstName,
    LastName,
    Email,
    Username,
    Phone,
    Address,
    Street,
    City,
    Zip,
    State,
    Country,
    Company,
    Job,
    Word,
    Sentence,
    Paragraph,
}

/// As they are called.
pub(super) const FAKES: [(&str, Fake); 17] = [
    ("fake_name", Fake::Name),
    ("fake_first_name", Fake::FirstName),
    ("fake_last_name", Fake::LastName),
    ("fake_email", Fake::Email),
    ("fake_username", Fake::Username),
    ("fake_phone", Fake::Phone),
    ("fake_address", Fake::Address),
    ("fake_street", Fake::Street),
    ("fake_city", Fake::City),
    ("fake_zip", Fake::Zip),
    ("fake_state", Fake::State),
    ("fake_country", Fake::Country),
    ("fake_company", Fake::Company),
    ("fake_job", Fake::Job),
    ("fake_word", Fake::Word),
    ("fake_sentence", Fake::Sentence),
    ("fake_paragraph", Fake::Paragraph),
];

impl Fake {
    /// One of them.
    pub(super) fn make(self, rng: &mut Xoshiro256PlusPlus) -> String {
        match self {
            Self::Name => Name().fake_with_rng(rng),
            Self::FirstName => FirstName().fake_with_rng(rng),
            Self::LastName => LastName().fake_with_rng(rng),
            Self::Email => SafeEmail().fake_with_rng(rng),
            Self::Username => Username().fake_with_rng(rng),
            Self::Phone => PhoneNumber().fake_with_rng(rng),
            Self::Address => {
                let street = Self::Street.make(rng);
                let city = Self::City.make(rng);
                format!("{street}, {city} {}", Self::Zip.make(rng))
            }
            Self::Street => {
                let number: String = BuildingNumber().fake_with_rng(rng);
                let street: String = StreetName().fake_with_rng(rng);
                format!("{number} {street}")
            }
            Self::City => CityName().fake_with_rng(rng),
            Self::Zip => ZipCode().fake_with_rng(rng),
            Self::State => StateName().fake_with_rng(rng),
            Self::Country => CountryName().fake_with_rng(rng),
            Self::Company => CompanyName().fake_with_rng(rng),
            Self::Job => Title().fake_with_rng(rng),
            Self::Word => Word().fake_with_rng(rng),
            Self::Sentence => Sentence(4..10).fake_with_rng(rng),
            Self::Paragraph => Paragraph(3..6).fake_with_rng(rng),
        }
    }
}
