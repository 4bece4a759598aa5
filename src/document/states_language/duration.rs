//! Seconds, as people say them.

/// `70 s`, `20 min`, `1 h 5 min`, `3 d`: exact up to two minutes, then in its two largest units.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds >= 1e12 {
        return "for ever".to_owned();
    }
    if seconds < 120.0 {
        // One decimal, and none where it is 0.
        let rounded = (seconds * 10.0).round() / 10.0;
        return format!("{rounded} s");
    }
    let seconds = seconds.round() as u64;
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (length, unit) in units {
        if rest >= length && parts.len() < 2 {
            parts.push(format!("{} {unit}", rest / length));
            rest %= length;
        } else if !parts.is_empty() {
            break;
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_say_it() {
        let all = [0.0, 0.25, 70.0, 119.0, 120.0, 150.0, 1200.0, 3600.0, 3660.0, 3601.0, 86_400.0, 259_200.0, 5e15];
        let told: Vec<String> = all.into_iter().map(duration).collect();
        let expected = [
            "0 s",
            "0.3 s",
            "70 s",
            "119 s",
            "2 min",
            "2 min 30 s",
            "20 min",
            "1 h",
            "1 h 1 min",
            "1 h",
            "1 d",
            "3 d",
            "for ever",
        ];
        assert_eq!(told, expected);
    }
}
