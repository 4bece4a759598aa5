//! When two numbers are one, however they are written.

use serde_json::Number;

/// By value: 2.0 is 2. Whole numbers are compared exactly, also where a double can't tell them apart.
pub fn is_same_number(a: &Number, b: &Number) -> bool {
    match (whole_number(a), whole_number(b)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.as_f64() == b.as_f64(),
        _ => false,
    }
}

/// `number` if it has no fraction, however it is written.
pub fn whole_number(number: &Number) -> Option<i128> {
    /// Beyond it, all doubles are whole.
    const LARGEST: f64 = 1e30;
    let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    integer.or_else(|| number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < LARGEST).map(|float| float as i128))
}

#[cfg(test)]
mod tests {
    use crate::value::Value;

    #[test]
    fn numbers_compare_by_value() {
        let parse = |text: &str| Value::from(serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
        assert_eq!(parse("[2.0]"), parse("[2]"));
        assert_eq!(parse("1e3"), parse("1000"));
        assert_ne!(parse("2.5"), parse("2"));
        // A double takes these two for one.
        assert_ne!(parse("9007199254740993"), parse("9007199254740992"));
        assert_ne!(parse("9007199254740993"), parse("9007199254740992.0"));
        assert_ne!(parse("1e300"), parse("2e300"));
    }
}
