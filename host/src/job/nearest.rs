//! The right name nearest to a wrong one.

/// Below this likeness a name is no help.
const LIKE: f64 = 0.7;

/// The name most like `wrong`, if one is like it at all. Case and the choice between `-` and `_` do
/// not count.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace('-', "_");
    let wrong = plain(wrong);
    names
        .into_iter()
        .map(|name| {
            let right = plain(name);
            // A short name with two letters exchanged has little in common by the first measure.
            let slip = strsim::osa_distance(&wrong, &right) <= 1 && right.len() > 2;
            (if slip { 1.0 } else { strsim::jaro_winkler(&wrong, &right) }, name)
        })
        .filter(|(likeness, _)| *likeness >= LIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_of_the_hand_and_nothing_far_off() {
        let names = ["url", "path", "topic", "format", "columns", "bytes_in_flight"];
        assert_eq!(nearest("formt", names), Some("format"));
        assert_eq!(nearest("Bytes-In-Flight", names), Some("bytes_in_flight"));
        assert_eq!(nearest("colums", names), Some("columns"));
        assert_eq!(nearest("kye", ["offset", "key"]), Some("key"));
        assert_eq!(nearest("zzz", names), None);
    }
}
