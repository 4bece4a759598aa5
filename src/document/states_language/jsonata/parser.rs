//! Tokens → whether they make an expression, and its references. A Pratt parser that builds no tree.

use std::collections::HashSet;

use crate::document::states_language::jsonata::token::{Token, Tokens};
use crate::document::states_language::jsonata::{Expression, JsonataError, VariableUse};

/// Beyond this many expressions within each other, nothing is said.
const DEEPEST: usize = 150;
/// Of more names that read nothing, the rest is not told.
const MOST_NAMES: usize = 100;

enum Stop {
    Problem(JsonataError),
    TooDeep,
}

impl From<JsonataError> for Stop {
    fn from(error: JsonataError) -> Self {
        Self::Problem(error)
    }
}

type Outcome<T> = Result<T, Stop>;

/// What the left side of an operator was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operand {
    Variable,
    /// `function` or `λ`, which a parameter list makes a lambda.
    Function,
    /// A number, `true`, `false` or `null`: no step of a path.
    Literal,
    /// A name, or steps of which the last is no group.
    Path,
    /// What `{ key: value }` groups: a path, or anything else.
    GroupedPath,
    Grouped,
    Other,
}

pub fn parse(text: &str) -> Result<Option<Expression>, JsonataError> {
    let mut parser = Parser {
        tokens: Tokens::new(text),
        token: Token::End,
        start: 0,
        depth: 0,
        has_context: false,
        found: Expression::default(),
        bound: HashSet::new(),
    };
    match parser.whole() {
        Ok(()) => {
            let Parser { mut found, bound, .. } = parser;
            found.variables.retain(|variable| !bound.contains(&variable.name));
            Ok(Some(found))
        }
        Err(Stop::TooDeep) => Ok(None),
        Err(Stop::Problem(problem)) => Err(problem),
    }
}

struct Parser<'a> {
    tokens: Tokens<'a>,
    token: Token,
    /// Where `token` begins.
    start: usize,
    depth: usize,
    /// Whether a name reads something at hand: behind a `.`, in a predicate, a sort, a group or a transform.
    has_context: bool,
    found: Expression,
    /// Variables that the expression itself gives a value.
    bound: HashSet<String>,
}

/// How strongly an operator binds what stands to its left.
fn power(token: &Token) -> u8 {
    let Token::Operator(sign) = token else { return 0 };
    match *sign {
        "[" | "(" | "@" | "#" => 80,
        "." => 75,
        "{" => 70,
        "*" | "/" | "%" => 60,
        "+" | "-" | "&" => 50,
        "=" | "<" | ">" | "^" | "!=" | "<=" | ">=" | "~>" | "in" | "??" | "?:" => 40,
        "and" => 30,
        "or" => 25,
        "?" => 20,
        ":=" => 10,
        _ => 0,
    }
}

impl Parser<'_> {
    fn whole(&mut self) -> Outcome<()> {
        self.advance(true)?;
        self.expression(0)?;
        match &self.token {
            Token::End => Ok(()),
            other => Err(self.problem(format!("Syntax error: \"{}\"", other.shown()))),
        }
    }

    fn advance(&mut self, is_operand_wanted: bool) -> Outcome<()> {
        (self.token, self.start) = self.tokens.next(is_operand_wanted)?;
        Ok(())
    }

    fn problem(&self, message: impl Into<String>) -> Stop {
        Stop::Problem(JsonataError { message: message.into(), at: self.start })
    }

    fn is(&self, sign: &str) -> bool {
        matches!(&self.token, Token::Operator(operator) if *operator == sign)
    }

    /// Goes past `sign`, behind which an operator may follow, or an operand if `is_operand_wanted`.
    fn take(&mut self, sign: &str, is_operand_wanted: bool) -> Outcome<()> {
        if self.is(sign) {
            return self.advance(is_operand_wanted);
        }
        Err(match &self.token {
            Token::End => self.problem(format!("Expected \"{sign}\" before end of expression")),
            other => self.problem(format!("Expected \"{sign}\", got \"{}\"", other.shown())),
        })
    }

    /// What `inside` reads has something at hand.
    fn with_context(&mut self, inside: impl FnOnce(&mut Self) -> Outcome<()>) -> Outcome<()> {
        let before = std::mem::replace(&mut self.has_context, true);
        let outcome = inside(self);
        self.has_context = before;
        outcome
    }

    fn expression(&mut self, least: u8) -> Outcome<Operand> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Stop::TooDeep);
        }
        let mut left = self.operand()?;
        while least < power(&self.token) {
            left = self.operator(left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Outcome<Operand> {
        match std::mem::replace(&mut self.token, Token::End) {
            Token::Value => self.advance(false).map(|()| Operand::Literal),
            Token::Text | Token::Regex => self.advance(false).map(|()| Operand::Other),
            Token::Name(name) => {
                self.advance(false)?;
                if matches!(name.as_str(), "function" | "\u{3bb}") && self.is("(") {
                    return Ok(Operand::Function);
                }
                self.reads_context(name);
                Ok(Operand::Path)
            }
            Token::Variable(name) => self.variable(name),
            Token::End => Err(self.problem("Unexpected end of expression")),
            Token::Operator(sign) => self.prefix(sign),
        }
    }

    fn reads_context(&mut self, name: String) {
        if !self.has_context && self.found.context.len() < MOST_NAMES && !self.found.context.contains(&name) {
            self.found.context.push(name);
        }
    }

    fn variable(&mut self, name: String) -> Outcome<Operand> {
        self.advance(false)?;
        if name.is_empty() || name == "$" {
            self.reads_context(format!("${name}"));
            return Ok(Operand::Variable);
        }
        let is_call = self.is("(");
        let mut field = None;
        if self.is(".") {
            // One token further is looked at without taking it.
            let (at, token, start) = (self.tokens.at, self.token.clone(), self.start);
            self.advance(true)?;
            if let Token::Name(name) = &self.token {
                field = Some(name.clone());
            }
            (self.tokens.at, self.token, self.start) = (at, token, start);
        }
        self.found.variables.push(VariableUse { name, field, is_call });
        Ok(Operand::Variable)
    }

    /// Right behind these, a `/` begins no regular expression.
    fn prefix(&mut self, sign: &'static str) -> Outcome<Operand> {
        match sign {
            "*" | "**" | "%" => self.advance(false)?,
            // Where an operand is wanted, these are names.
            "and" | "or" | "in" => {
                self.advance(false)?;
                self.reads_context(sign.to_owned());
            }
            "-" => {
                self.advance(false)?;
                return Ok(match self.expression(70)? {
                    Operand::Literal => Operand::Literal,
                    _ => Operand::Other,
                });
            }
            "(" => {
                self.advance(false)?;
                while !self.is(")") {
                    self.expression(0)?;
                    if !self.is(";") {
                        break;
                    }
                    self.advance(true)?;
                }
                self.take(")", false)?;
            }
            "[" => {
                self.advance(false)?;
                if !self.is("]") {
                    loop {
                        self.expression(0)?;
                        if self.is("..") {
                            self.advance(true)?;
                            self.expression(0)?;
                        }
                        if !self.is(",") {
                            break;
                        }
                        self.advance(true)?;
                    }
                }
                self.take("]", false)?;
            }
            "{" => self.object()?,
            "|" => {
                self.advance(false)?;
                self.with_context(|parser| {
                    parser.expression(0)?;
                    parser.take("|", true)?;
                    parser.expression(0)?;
                    if parser.is(",") {
                        parser.advance(true)?;
                        parser.expression(0)?;
                    }
                    Ok(())
                })?;
                self.take("|", false)?;
            }
            other => {
                return Err(self.problem(format!("The symbol \"{other}\" cannot be used as a unary operator")));
            }
        }
        Ok(Operand::Other)
    }

    fn operator(&mut self, left: Operand) -> Outcome<Operand> {
        let Token::Operator(sign) = self.token else { return Err(self.problem("Unexpected end of expression")) };
        let binding = power(&self.token);
        match sign {
            "(" => self.call(left)?,
            "[" => {
                if left == Operand::Grouped {
                    return Err(self.problem("A predicate cannot follow a grouping expression in a step"));
                }
                self.advance(true)?;
                if !self.is("]") {
                    self.with_context(|parser| parser.expression(0).map(|_| ()))?;
                }
                self.take("]", false)?;
                return Ok(match left {
                    Operand::Literal | Operand::Path | Operand::GroupedPath => left,
                    _ => Operand::Other,
                });
            }
            "." => {
                const MESSAGE: &str = "A literal value cannot be used as a step within a path expression";
                let before = self.start;
                self.advance(true)?;
                let start = if left == Operand::Literal { before } else { self.start };
                let mut step = Operand::Other;
                self.with_context(|parser| parser.expression(binding).map(|operand| step = operand))?;
                if left == Operand::Literal || step == Operand::Literal {
                    return Err(Stop::Problem(JsonataError { message: MESSAGE.to_owned(), at: start }));
                }
                return Ok(Operand::Path);
            }
            "{" => {
                if matches!(left, Operand::Grouped | Operand::GroupedPath) {
                    return Err(self.problem("Each step can only have one grouping expression"));
                }
                self.with_context(Self::object)?;
                return Ok(if left == Operand::Path { Operand::GroupedPath } else { Operand::Grouped });
            }
            "^" => {
                self.advance(true)?;
                self.take("(", true)?;
                self.with_context(|parser| {
                    loop {
                        if parser.is("<") || parser.is(">") {
                            parser.advance(true)?;
                        }
                        parser.expression(0)?;
                        if !parser.is(",") {
                            return Ok(());
                        }
                        parser.advance(true)?;
                    }
                })?;
                self.take(")", false)?;
            }
            "?" => {
                self.advance(true)?;
                self.expression(0)?;
                if self.is(":") {
                    self.advance(true)?;
                    self.expression(0)?;
                }
            }
            ":=" => {
                if left != Operand::Variable {
                    return Err(self.problem("The left side of := must be a variable name (start with $)"));
                }
                // It was noted as read right before.
                self.bound.extend(self.found.variables.pop().map(|variable| variable.name));
                self.advance(true)?;
                self.expression(binding - 1)?;
            }
            "@" | "#" => {
                self.advance(true)?;
                let Token::Variable(name) = &self.token else {
                    return Err(self.problem(format!("The right side of {sign} must be a variable name (start with $)")));
                };
                self.bound.insert(name.clone());
                self.advance(false)?;
            }
            _ => {
                self.advance(true)?;
                self.expression(binding)?;
            }
        }
        Ok(Operand::Other)
    }

    /// `{ key: value, … }`, from its bracket on.
    fn object(&mut self) -> Outcome<()> {
        self.advance(true)?;
        if !self.is("}") {
            loop {
                self.expression(0)?;
                self.take(":", true)?;
                self.expression(0)?;
                if !self.is(",") {
                    break;
                }
                self.advance(true)?;
            }
        }
        self.take("}", false)
    }

    /// `(arguments)`, or what makes a lambda of `function`.
    fn call(&mut self, left: Operand) -> Outcome<()> {
        let is_lambda = left == Operand::Function;
        let noted = self.found.variables.len();
        self.advance(true)?;
        if !self.is(")") {
            loop {
                // A place left open makes a partial application.
                if self.is("?") {
                    self.advance(false)?;
                } else if self.expression(0)? != Operand::Variable && is_lambda {
                    return Err(self.problem("Parameter of function definition must be a variable name (start with $)"));
                }
                if !self.is(",") {
                    break;
                }
                self.advance(true)?;
            }
        }
        self.take(")", false)?;
        if !is_lambda {
            return Ok(());
        }
        self.bound.extend(self.found.variables.drain(noted..).map(|variable| variable.name));
        if self.is("<") {
            let mut depth = 1;
            while depth > 0 {
                self.advance(false)?;
                match &self.token {
                    Token::Operator("<") => depth += 1,
                    Token::Operator(">") => depth -= 1,
                    Token::End | Token::Operator("{") => return Err(self.problem("Expected \">\" before end of expression")),
                    _ => {}
                }
            }
            self.advance(false)?;
        }
        self.take("{", true)?;
        self.expression(0)?;
        self.take("}", false)
    }
}
