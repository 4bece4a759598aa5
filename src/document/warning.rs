//! The warnings that have a name, by which a stack turns them off: `[stack] allow = ["no-timeout"]`.

pub const NO_TIMEOUT: &str = "no-timeout";
pub const SHADOWED_RETRY: &str = "shadowed-retry";
pub const SHADOWED_CATCH: &str = "shadowed-catch";
pub const USELESS_RETRY: &str = "useless-retry";
pub const RETRY_BEYOND_TIMEOUT: &str = "retry-beyond-timeout";
pub const PINNED_REVISION: &str = "pinned-revision";
pub const SPELLED_BY_HAND: &str = "spelled-by-hand";
pub const BEYOND_NEED: &str = "beyond-need";
pub const UNDECIDED_NEED: &str = "undecided-need";

/// The name of each warning, and what it is about.
pub const WARNINGS: [(&str, &str); 9] = [
    (NO_TIMEOUT, "a task that waits for somebody else, and neither it nor the machine has a `TimeoutSeconds`"),
    (SHADOWED_RETRY, "an element of `Retry` that is never used, as those before it match all that it does"),
    (SHADOWED_CATCH, "an element of `Catch` that is never used, as those before it match all that it does"),
    (USELESS_RETRY, "a retry of an error that no repetition heals"),
    (RETRY_BEYOND_TIMEOUT, "waits between attempts that are longer than the machine may run"),
    (PINNED_REVISION, "a task that runs one revision of a task definition, which may be deregistered"),
    (SPELLED_BY_HAND, "a cluster, task definition or machine of the stack itself that is named without a reference"),
    (BEYOND_NEED, "an action or a resource that a role is allowed and that nothing needs; with --strict"),
    (UNDECIDED_NEED, "a role of which can't be decided here whether it is allowed more than is needed; with --strict"),
];
