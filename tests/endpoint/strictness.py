"""strictness.py - makes moto refuse what AWS refuses, at the places that a provisioner notices.

moto answers every call at once and forgives almost everything; AWS does neither. This layer stands before moto and
sees each call twice: a rule marked @before may refuse it, rewrite it or answer it itself; a rule marked @after may
rewrite the answer. The rules are in rules.py; here are the layer, the refusals, the knobs, and roles as other
services see them, which is as they were some time ago.

    GET  /_strict                                 the knobs
    POST /_strict  {"sfn_lag_ms": 2000}           sets some of them; each is also an environment variable: STRICT_SFN_LAG_MS
    POST /_strict/reset                           empties the account, all knobs 0
    GET  /_strict/inventory                       what is there: see inventory.py
    GET  /_strict/asked                           what executions asked for: see executions.py

| knob          | milliseconds during which                                                          |
|---------------|------------------------------------------------------------------------------------|
| sfn_lag_ms    | Step Functions still sees a role, its trust and its policies as they were before   |
| ecs_lag_ms    | ECS calls a role that was just created "not valid"                                 |
| iam_lag_ms    | GetRole does not know a role that was just created, and it is no valid principal   |
| arn_lag_ms    | GetRole shows AROA... in the place of a new role's ARN                             |
| deleting_ms   | a deleted state machine is DELETING and its name is taken                          |
| update_lag_ms | an updated state machine is still described as it was                              |

and no time: `executes`, 1 for state machines that really run.
"""
import fnmatch
import io
import json
import os
import re
import threading
import time
import urllib.parse
import uuid

from moto.ecs.models import ecs_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.stepfunctions.models import stepfunctions_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from inventory import inventory

ACCOUNT = "123456789012"
KNOB_NAMES = ("sfn_lag_ms", "ecs_lag_ms", "iam_lag_ms", "arn_lag_ms", "deleting_ms", "update_lag_ms", "executes")
KNOBS = {name: float(os.environ.get("STRICT_" + name.upper(), 0)) for name in KNOB_NAMES}

now_seconds = time.monotonic
VIEWS = {"/_strict/inventory": lambda: inventory(ACCOUNT)}     # path -> what it shows
CHECKS = []             # each of them(call) may refuse any call
KNOB_LISTENERS = []     # told when a knob was turned, or all were by emptying the account
_before, _after = {}, {}
_forget = []
_lock = threading.RLock()
_s3_lock = threading.RLock()
_ask_moto = DomainDispatcherApplication.__call__


def before(service, *actions):
    """Marks a rule(call) that runs before moto. It may raise Refusal, change call.parameters, or return an answer."""
    return _registered(_before, service, actions)


def after(service, *actions):
    """Marks a rule(call, answer) that runs after moto has agreed. It returns the answer to give."""
    return _registered(_after, service, actions)


def _registered(rules, service, actions):
    def register(rule):
        for action in actions:
            rules.setdefault((service, action), []).append(rule)
        return rule
    return register


def memory():
    """A dictionary that is emptied with the account (POST /_strict/reset)."""
    notes = {}
    _forget.append(notes)
    return notes


class Refusal(Exception):
    """AWS says no."""

    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


class Call:
    """One call of a client: service, action and parameters, whatever the protocol."""

    def __init__(self, application, environ):
        self.application, self.environ = application, environ
        size = int(environ.get("CONTENT_LENGTH") or 0)
        self.body = environ["wsgi.input"].read(size) if size else b""
        credential = re.search(r"Credential=([^/]+)/\d+/([^/]*)/([^/]+)/aws4_request", environ.get("HTTP_AUTHORIZATION", ""))
        self.key, self.region, self.service = credential.groups() if credential else ("", "", "")
        self.is_json = "HTTP_X_AMZ_TARGET" in environ
        if self.is_json:
            self.target, _, self.action = environ["HTTP_X_AMZ_TARGET"].rpartition(".")
            self.parameters = json.loads(self.body or b"{}")
        else:
            self.parameters = dict(urllib.parse.parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
            self.action = self.parameters.get("Action", "")

    def forward(self, action=None, parameters=None):
        """What moto says: (status, headers, body). Without arguments, to this call itself."""
        environ = dict(self.environ)
        body = self.body
        if self.is_json:
            body = json.dumps(self.parameters if parameters is None else parameters).encode()
            environ["HTTP_X_AMZ_TARGET"] = f"{self.target}.{action or self.action}"
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        answer = {}

        def start_response(status, headers, exc_info=None):
            answer["status"], answer["headers"] = int(status.split()[0]), headers
        chunks = _ask_moto(self.application, environ, start_response)
        return answer["status"], answer["headers"], b"".join(chunks)

    def ask(self, action, **parameters):
        """The answer of moto to another call of the same service (JSON services only); None where moto refuses."""
        status, _, body = self.forward(action, parameters)
        return json.loads(body) if status == 200 else None


def answer_call(application, environ, start_response):
    """The WSGI application: the rules, with moto between them."""
    path = environ.get("PATH_INFO", "")
    if path == "/_strict":
        return _serve_knobs(environ, start_response)
    if path == "/_strict/reset":
        with _lock:
            empty_account()
        return _respond(start_response, "200 OK", {})
    if path in VIEWS:
        with _lock:
            return _respond(start_response, "200 OK", VIEWS[path]())
    call = Call(application, environ)
    if call.service not in ("ecs", "iam", "logs", "states"):
        environ["wsgi.input"] = io.BytesIO(call.body)
        try:
            with _lock:
                _check(call)
        except Refusal as refusal:
            return _answer(start_response, *_refusal_response(call, refusal))
        # moto looks at the condition of a write and then writes, from several threads. S3 does both at once.
        with _s3_lock:
            return _ask_moto(application, environ, start_response)
    with _lock:
        try:
            status, headers, body = _with_rules(call)
        except Refusal as refusal:
            status, headers, body = _refusal_response(call, refusal)
        if call.service == "iam":
            note_roles()
    return _answer(start_response, status, headers, body)


def _answer(start_response, status, headers, body):
    headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
    start_response(f"{status} {'OK' if status == 200 else 'Refused'}", [*headers, ("Content-Length", str(len(body)))])
    return [body]


def _check(call):
    for check in CHECKS:
        check(call)


def _with_rules(call):
    _check(call)
    for rule in _before.get((call.service, call.action), []):
        answer = rule(call)
        if answer is not None:
            return 200, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(answer).encode()
    status, headers, body = call.forward()
    rules = _after.get((call.service, call.action), [])
    if status != 200 or not rules:
        return status, headers, body
    answer = json.loads(body or b"{}") if call.is_json else body.decode()
    for rule in rules:
        answer = rule(call, answer)
    return status, headers, (json.dumps(answer) if call.is_json else answer).encode()


def _refusal_response(call, refusal):
    request = str(uuid.uuid4())
    if call.is_json:
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", request), ("x-amzn-ErrorType", refusal.code)]
        return refusal.status, headers, json.dumps({"__type": refusal.code, "message": refusal.message}).encode()
    message = refusal.message.replace("&", "&amp;").replace("<", "&lt;")
    body = (f'<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>{refusal.code}</Code>'
            f"<Message>{message}</Message></Error><RequestId>{request}</RequestId></ErrorResponse>")
    return refusal.status, [("Content-Type", "text/xml"), ("x-amzn-RequestId", request)], body.encode()


def _serve_knobs(environ, start_response):
    status, answer = "200 OK", KNOBS
    if environ["REQUEST_METHOD"] == "POST":
        wanted = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
        unknown = sorted(set(wanted) - set(KNOBS))
        if unknown:
            status, answer = "400 Bad Request", {"error": f"unknown knobs {unknown}; known are {list(KNOBS)}"}
        else:
            KNOBS.update({name: float(value) for name, value in wanted.items()})
            for heard in KNOB_LISTENERS:
                heard()
    return _respond(start_response, status, answer)


def _respond(start_response, status, answer):
    body = json.dumps(answer).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def empty_account():
    """Everything gone, every knob 0. moto's own reset does more, and takes two seconds for it."""
    for backends in (ecs_backends, stepfunctions_backends, stepfunctions_parser_backends, logs_backends):
        for regional in backends[ACCOUNT].values():
            regional.reset()
    iam_backends[ACCOUNT]["aws"].roles.clear()
    with _s3_lock:
        s3_backends[ACCOUNT]["aws"].reset()
    for notes in _forget:
        notes.clear()
    KNOBS.update(dict.fromkeys(KNOB_NAMES, 0))
    for heard in KNOB_LISTENERS:
        heard()


# ---------------------------------------------------------------- roles as other services see them

_history = memory()     # role ARN -> [(when, view)]; a view is (trust document, [policy documents]), None once it is gone


def roles():
    return list(iam_backends[ACCOUNT]["aws"].roles.values())


def note_roles():
    """Writes down every role that has changed since the last time."""
    present = set()
    for role in roles():
        documents = list(role.policies.values())
        documents += [version.document for policy in role.managed_policies.values()
                      for version in policy.versions if version.version_id == policy.default_version_id]
        _note(role.arn, (role.assume_role_policy_document, documents))
        present.add(role.arn)
    for arn in set(_history) - present:
        _note(arn, None)


def _note(arn, view):
    views = _history.setdefault(arn, [])
    if not views or views[-1][1] != view:
        views.append((now_seconds(), view))


def role_seen(arn, lag_ms):
    """The role as one sees it who lags behind by so much: (trust, documents), or None."""
    past = [view for when, view in _history.get(arn, []) if when <= now_seconds() - lag_ms / 1000]
    return past[-1] if past else None


def role_age_ms(name):
    """How long ago the role was created (again)."""
    for arn, views in _history.items():
        if arn.rsplit("/", 1)[-1] == name:
            born = None
            for when, view in views:
                born = when if view is not None and born is None else None if view is None else born
            return (now_seconds() - born) * 1000 if born is not None else None
    return None


def as_list(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def statements(document):
    try:
        return [statement for statement in as_list(json.loads(document).get("Statement")) if isinstance(statement, dict)]
    except (ValueError, AttributeError, TypeError):
        return []


def trusts(document, service):
    """Whether a trust policy lets the service assume the role."""
    for statement in statements(document):
        principal = statement.get("Principal")
        named = as_list(principal.get("Service")) if isinstance(principal, dict) else as_list(principal)
        if statement.get("Effect") == "Allow" and (service in named or "*" in named):
            if any(fnmatch.fnmatch("sts:assumerole", str(action).lower()) for action in as_list(statement.get("Action"))):
                return True
    return False


def holds(condition, context):
    """Whether a condition holds, as far as `context` tells: a key that it does not know is taken to hold."""
    for operator, keys in (condition or {}).items():
        for key, wanted in keys.items():
            if key in context and operator in ("StringEquals", "StringLike"):
                if not any(fnmatch.fnmatchcase(context[key], pattern) for pattern in as_list(wanted)):
                    return False
    return True


def allows(documents, action, resource, context=None):
    """Whether policies allow an action on a resource."""
    verdicts = set()
    for statement in (statement for document in documents for statement in statements(document)):
        actions, resources = as_list(statement.get("Action")), as_list(statement.get("Resource"))
        if (any(fnmatch.fnmatch(action.lower(), str(pattern).lower()) for pattern in actions)
                and any(fnmatch.fnmatchcase(resource, str(pattern)) for pattern in resources)
                and holds(statement.get("Condition"), context or {})):
            verdicts.add(statement.get("Effect"))
    return verdicts == {"Allow"}


def install():
    """Puts the layer before moto."""
    import executions
    import rules  # noqa: F401  (registers the rules)
    executions.install()
    DomainDispatcherApplication.__call__ = answer_call
