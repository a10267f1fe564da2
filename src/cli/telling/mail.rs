//! One mail over SMTP. In: a server, addresses and an event; out: whether the server took it, or why not. Invariant: it
//! goes out encrypted unless the scenario says otherwise, and once: a second attempt could be a second mail.

use super::post::PATIENCE;
use crate::notify::Event;
use crate::scenario::{Mail, MailTls, Tls};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, Tls as Encryption, TlsParameters,
};
use lettre::{Address, Message, SmtpTransport, Transport as _};
use std::error::Error;
use std::io::{self, ErrorKind};

/// Sends it.
///
/// # Errors
/// Why the server did not take it.
pub(super) fn send(mail: &Mail, event: &Event, tls: &Tls) -> Result<(), String> {
    let message = message(mail, event).map_err(|e| told(&*e))?;
    let transport = transport(mail, tls).map_err(|e| told(&*e))?;
    transport.send(&message).map(|_| ()).map_err(|e| told(&e))
}

fn message(mail: &Mail, event: &Event) -> Result<Message, Box<dyn Error>> {
    let mailbox =
        |text: &str| Ok::<_, Box<dyn Error>>(Mailbox::new(None, text.parse::<Address>()?));
    let (subject, body) = event.mail();
    let mut message = Message::builder()
        .from(mailbox(&mail.from)?)
        .subject(subject)
        .header(ContentType::TEXT_PLAIN);
    for to in &mail.to {
        message = message.to(mailbox(to)?);
    }
    Ok(message.body(body)?)
}

fn transport(mail: &Mail, tls: &Tls) -> Result<SmtpTransport, Box<dyn Error>> {
    let parameters = || -> Result<TlsParameters, Box<dyn Error>> {
        let mut parameters = TlsParameters::builder(mail.host.clone());
        // A container of nothing but the binary has no roots of its own.
        if rustls_native_certs::load_native_certs().certs.is_empty() {
            parameters = parameters.certificate_store(CertificateStore::WebpkiRoots);
        }
        if let Some(ca) = &tls.ca {
            parameters =
                parameters.add_root_certificate(Certificate::from_pem(&std::fs::read(ca)?)?);
        }
        Ok(parameters.build()?)
    };
    let encryption = match mail.tls {
        MailTls::StartTls => Encryption::Required(parameters()?),
        MailTls::Implicit => Encryption::Wrapper(parameters()?),
        MailTls::None => Encryption::None,
    };
    let mut transport = SmtpTransport::builder_dangerous(&mail.host)
        .port(mail.port)
        .tls(encryption)
        .timeout(Some(PATIENCE));
    if let Some((user, password)) = &mail.login {
        transport = transport.credentials(Credentials::new(user.clone(), password.clone()));
    }
    Ok(transport.build())
}

/// An error with its causes, which libraries keep apart.
fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = Some(error);
    while let Some(cause) = next {
        let io: Option<&io::Error> = cause.downcast_ref();
        // Systems have several words for having waited in vain.
        let late =
            io.is_some_and(|e| matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
        if late {
            return format!("no answer within {} s", PATIENCE.as_secs());
        }
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        next = cause.source();
    }
    crate::report::log_line(&text)
}
