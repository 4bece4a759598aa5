use super::*;

#[track_caller]
fn read(text: &str) -> Expression {
    Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).unwrap_or_else(|| panic!("{text}: too deep"))
}

#[test]
fn expressions() {
    for text in [
        "10",
        "-1.5e3 + .5 * 2".replace(".5 ", "0.5 ").as_str(),
        "$states.input.data.items",
        "$states.input.items[price > 10][0].name",
        "$sum($states.input.items.(price * quantity))",
        "$states.input.a ? 'x' : \"y\\n\\u00e9\"",
        "$exists($states.input.a) and $not($states.input.b) or $states.input.c in ['a', 'b']",
        "($a := $states.input; $b := function($x, $y) { $x + $y }; $b($a, 1))",
        "($f := function($x)<n:n>{ $x * 2 }; $map([1..5], $f))",
        "$map($states.input.items, function($v, $i) { {'name': $v.name, 'index': $i} })",
        "$match($states.input.email, /^[a-zA-Z0-9._%+-]+@[a-z]+\\.[a-z]{2,}$/i)",
        "$states.input.orders^(>total, <name){ customer: $sum(total) }",
        "$states.input ~> |items|{'seen': true}, ['old']|",
        "$states.input.`a b`.*.**.%",
        "[$states.input.a, [1..3], {}]",
        "/* a comment */ $states.input & '' /* another */",
        "$states.input.a@$x.b#$i[$x > $i]",
        "$sort($states.input.a, function($l, $r) { $l > $r })",
        "$substring(?, 0, 5)",
        "$states.input.items[]",
        "$states.input.a / 2 % 3",
        "( )",
        "$states.input.and.or.in",
        "$states.context.Execution.Id",
        "λ($x){ $x }(1)",
        "$a != null",
    ] {
        read(text);
    }
}

#[test]
fn what_is_no_expression() {
    let told = |text: &str| Expression::parse(text).map_err(|error| error.message).expect_err(text);
    assert_eq!(told(""), "Unexpected end of expression");
    assert_eq!(told("1 +"), "Unexpected end of expression");
    assert_eq!(told("$x :="), "Unexpected end of expression");
    assert_eq!(told("420."), "Unexpected end of expression");
    assert_eq!(told("a[1,2)"), "Expected \"]\", got \",\"");
    assert_eq!(told("\"unterminated"), "String literal must be terminated by a matching quote");
    assert_eq!(told("{\"a\":}"), "The symbol \"}\" cannot be used as a unary operator");
    assert_eq!(told("$match(\"a\", /abc"), "No terminating / in regular expression");
    assert_eq!(told("phone %.other"), "The symbol \".\" cannot be used as a unary operator");
    assert_eq!(told("$.store.book[?(@.price < 10)].title"), "The symbol \"?\" cannot be used as a unary operator");
    assert_eq!(told("$sum($states.input"), "Expected \")\" before end of expression");
    assert_eq!(told("(1 + 2"), "Expected \")\" before end of expression");
    assert_eq!(told("1 2"), "Syntax error: \"value\"");
    assert_eq!(told("1 := 2"), "The left side of := must be a variable name (start with $)");
    assert_eq!(told("function(x){ 1 }"), "Parameter of function definition must be a variable name (start with $)");
    assert_eq!(told("/* open"), "Comment has no closing tag");
    assert_eq!(told("'\\x'"), "unsupported escape sequence: \\x");
    assert_eq!(told("`a"), "Quoted property name must be terminated with a backquote (`)");
    assert_eq!(told("a ! b"), "The symbol \"!\" cannot be used as a unary operator");
    assert_eq!(told("$a = = 1"), "The symbol \"=\" cannot be used as a unary operator");
}

#[test]
fn references_to_the_context_item() {
    let context = |text: &str| read(text).context;
    assert_eq!(context("phone[0]"), ["phone"]);
    assert_eq!(context("{aaa: 1}"), ["aaa"]);
    assert_eq!(context("$map($states.input.a, function($x){ b })"), ["b"]);
    assert_eq!(context("$ & $$"), ["$", "$$"]);
    assert_eq!(context("sum([1])"), ["sum"]);
    for text in [
        "$states.input.a.b[c = d].(e + f)",
        "$states.input^(a){b: c}",
        "$states.input.items.{ 'name': name, 'n': $ }",
        "$a ~> |b|{'c': d}|",
        "$map($a, function($v) { $v.name })",
    ] {
        assert_eq!(context(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn variables() {
    let names = |text: &str| {
        let told = |variable: VariableUse| match variable.field {
            Some(field) => format!("{}.{field}", variable.name),
            None if variable.is_call => format!("{}()", variable.name),
            None => variable.name,
        };
        read(text).variables.into_iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(names("$count($states.input.a) + $n"), ["count()", "states.input", "n"]);
    assert_eq!(names("($x := $n; $x + $f(function($y) { $y + $z }))"), ["n", "f()", "z"]);
    assert_eq!(names("$a@$b.c#$d[$b = $d]"), ["a"]);
}

#[test]
fn depth_is_bounded() {
    for text in ["(".repeat(100_000), "[".repeat(100_000), "-".repeat(100_000), "{'a':".repeat(50_000), "$f(".repeat(50_000)] {
        assert_eq!(Expression::parse(&text), Ok(None));
    }
    // What stands side by side is not deep.
    assert_eq!(read(&format!("1{}", "+1".repeat(50_000))), Expression::default());
}
