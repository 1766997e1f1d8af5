//! Bootstrap servers. librdkafka only logs what it cannot read of them and then waits for brokers that it
//! does not have, and it cuts a port to 16 bits; so they are read here first.

use std::net::Ipv6Addr;

/// What librdkafka lets stand before a host, in any case (`rd_kafka_broker_name_parse`).
const PROTOCOLS: [&str; 4] = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

/// Servers from `host:port,host:port`, without the spaces and surplus commas that librdkafka skips too.
/// `mock` and `null` are hosts like any other here.
///
/// # Errors
/// Says which server is wrong. Never the text, which may come from the environment.
pub fn servers(text: &str) -> Result<String, String> {
    let servers: Vec<&str> = text.split(',').map(str::trim).filter(|server| !server.is_empty()).collect();
    if servers.is_empty() {
        return Err("names no server: must be `host:port`, several separated by commas".to_owned());
    }
    for (at, server) in servers.iter().enumerate() {
        check(server).map_err(|reason| {
            format!("must be `host:port`, several separated by commas, but server {} {reason}", at + 1)
        })?;
    }
    Ok(servers.join(","))
}

fn check(server: &str) -> Result<(), &'static str> {
    let address = match server.split_once("://") {
        // librdkafka ignores a path, if there is a protocol.
        Some((protocol, rest)) if PROTOCOLS.iter().any(|known| known.eq_ignore_ascii_case(protocol)) => {
            rest.split('/').next().unwrap_or_default()
        }
        Some(_) => return Err("has a protocol other than `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` and `SASL_SSL`"),
        None => server,
    };
    let (is_host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("has a `[` without its `]`")?;
            // A zone such as `%eth0` is the system's business.
            let address = host.split('%').next().unwrap_or_default();
            (address.parse::<Ipv6Addr>().is_ok(), port)
        }
        None if address.matches(':').count() > 1 => {
            return Err("has several `:`; an IPv6 address stands in `[` and `]`");
        }
        None => {
            let (host, port) = address.split_at(address.find(':').unwrap_or(address.len()));
            let letter = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_');
            (!host.is_empty() && host.chars().all(letter), port)
        }
    };
    if !is_host {
        return Err("has no host, or none that can be one");
    }
    // `parse` would take a sign too.
    let digits = port.strip_prefix(':').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    // Without a port librdkafka takes 9092.
    if port.is_empty() || digits.and_then(|digits| digits.parse().ok()).is_some_and(|number: u16| number > 0) {
        Ok(())
    } else {
        Err("has a port that is no number from 1 to 65535")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_librdkafka_reads_is_left_as_it_is() {
        for right in [
            "mock",
            "null",
            "kafka-1:9092,kafka_2.example:65535",
            "host",
            "127.0.0.1:9092",
            "[::1]:9092",
            "[::1]",
            "[fe80::1%eth0]:9092",
            "PLAINTEXT://h:9092",
            "ssl://h:9092/",
            "SASL_SSL://[::1]:9092,SASL_PLAINTEXT://h",
        ] {
            assert_eq!(servers(right).as_deref(), Ok(right));
        }
        assert_eq!(servers(" a:1 , b:2,").as_deref(), Ok("a:1,b:2"));
    }

    #[test]
    fn servers_that_cannot_be_any_are_refused_before_they_are_tried_for_ever() {
        let wrong = [
            ("", "names no server"),
            (" ", "names no server"),
            (",", "names no server"),
            ("a:1,http://h:9092", "server 2 has a protocol other"),
            ("127.0.0.1:99999", "server 1 has a port that is no number from 1 to 65535"),
            ("h:", "has a port"),
            ("h:0", "has a port"),
            ("h:+1", "has a port"),
            ("[::1]9092", "has a port"),
            ("::1", "has several `:`"),
            ("fe80::1", "has several `:`"),
            (":9092", "has no host"),
            ("a b:9092", "has no host"),
            ("h/x:9092", "has no host"),
            ("user@h:9092", "has no host"),
            ("[::1:9092", "has a `[` without its `]`"),
            ("[nonsense]:9092", "has no host"),
        ];
        for (text, reason) in wrong {
            let message = servers(text).err().unwrap_or_default();
            assert!(message.contains(reason) && message.contains("`host:port`, several"), "{text}: {message}");
        }
    }
}
