"""proxy.py - a loopback HTTP proxy in front of moto_server: latency, faults, rate limits, and a log of every AWS call.

    client --> 127.0.0.1:LISTEN --> (latency, faults, log) --> 127.0.0.1:UPSTREAM (moto_server)

One asyncio loop serves any number of connections at once. Python >= 3.9; needs aiohttp, nothing else.

    python3 proxy.py --listen 6000 --upstream http://127.0.0.1:5000 --latency-ms 50 --log calls.jsonl \\
        --fault throttle,service=iam,p=0.1  --fault reset-after,action=CreateStateMachine,nth=1

FLAGS (each also as an environment variable: PROXY_LISTEN, PROXY_LATENCY_MS, ...; PROXY_FAULT / PROXY_RATE split on ';')
  --listen PORT           port on 127.0.0.1 (default 6000; 0 = any free port, printed on stdout)
  --upstream URL          moto_server (default http://127.0.0.1:5000); loopback only
  --latency-ms MS         added to every call, half before forwarding and half before answering (default 0)
  --jitter-ms MS          plus a uniform 0..MS (default 0)
  --log FILE              append one JSON object a call (default: none)
  --log-body N            put the first N bytes of request and response bodies in the log too (default 0)
  --seed N                seed of all chance (default 1). A rule's k-th matching call has the same fate in every run.
  --fault SPEC            a fault rule; repeatable; see FAULTS
  --rate SPEC             a token bucket per action, as AWS has: PATTERN=REFILL_PER_S/BURST, over it the call is throttled.
                          PATTERN is service:action with * globs ('states:Create*=1/100', 'iam:*=20/40'); one bucket a rule.

FAULTS   SPEC = KIND[,key=value]...
  kinds, not forwarded:   throttle       the service's own throttling error (400 ThrottlingException/Throttling 'Rate exceeded', S3: 503 SlowDown)
                          500 | 503      the service's own InternalFailure / ServiceUnavailable
                          error          any error: status=, code=, message= ('_' for blanks in message); quote=1 adds the whole request
                                         to the message in every spelling that AWS may use: as sent, decoded, JSON in ASCII, base64
                          reset-before   TCP reset
                          hang           no answer for ms=, then TCP reset
                          kill-before    SIGKILL the client process (see comm=)
         forwarded:       reset-after    the call took effect, its response is lost: TCP reset
                          500-after      the call took effect, the client is told 500
                          hang-after     took effect, no answer for ms=, then TCP reset
                          truncate       took effect, half of the response body, then TCP reset
                          kill-after     took effect, SIGKILL the client process before it hears of it
                          stop-before    SIGSTOP the client process, forward the call only after ms=, answer as usual
                          stop-after     took effect, SIGSTOP the client process, answer as usual: it is heard after a SIGCONT
                          delay          extra ms= before forwarding
                          unconditional  forwarded without the headers that match header= (default If-*): a store that ignores conditions
  which calls:            service=GLOB, action=GLOB (default: all). Service is the signing name: iam, ecs, states, logs, s3, scheduler, ...
  of these, which:        nth=3 | nth=2-5 | nth=2/5-7/9+  (1-based count of the rule's matching calls) ;  every=N ;  p=0.1
                          (all those given must hold; none given = each one) ;  times=N  fires at most N times
  others:                 ms=N (hang, delay, stop-before; default 30000) ; comm=NAME for kill-* and stop-*: the client is found as the
                          owner of the connection and gets its signal only if its /proc/PID/comm is NAME.
  Each rule counts each call that matches its service/action; the first rule that fires decides.

ADMIN (same port; not logged, not delayed)
  GET  /_proxy            state: counts by service.action, faults fired, rules, in flight (now, max)
  POST /_proxy            JSON, any of: latency_ms, jitter_ms, faults: [SPEC..], rates: [SPEC..] (both replace),
                          reset: true (all counters to 0), truncate_log: true, mark: "text" (a {"mark":..} line in the log)

LOG LINE  {"id","t0","t1" epoch s,"ms","up_ms" upstream time|null,"service","action","region","key","method","path","status" (null: no answer
          reached the client),"up_status" (null: not forwarded),"fault" kind|null,"inflight" at the start,"conn" client port,"in","out" bytes}
"""
import argparse, asyncio, base64, fnmatch, json, os, random, re, signal, socket, struct, sys, time, urllib.parse, uuid

import aiohttp
from aiohttp import web

NOT_FORWARDED = {"throttle", "500", "503", "error", "reset-before", "hang", "kill-before"}
FORWARDED = {"reset-after", "500-after", "hang-after", "truncate", "kill-after", "stop-before", "stop-after", "delay", "unconditional"}
HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "trailers", "transfer-encoding", "upgrade",
       "content-length", "expect"}


class Rule:
    """One --fault."""

    def __init__(self, spec, index, seed):
        self.spec, self.index, self.seed = spec, index, seed
        kind, *kv = spec.split(",")
        if kind not in NOT_FORWARDED | FORWARDED:
            raise ValueError(f"unknown fault kind {kind!r} in {spec!r}")
        a = dict(x.split("=", 1) for x in kv)
        self.kind = kind
        self.service, self.action = a.pop("service", "*"), a.pop("action", "*")
        self.nth = [self._range(x) for x in a.pop("nth").split("/")] if "nth" in a else None
        self.every = int(a.pop("every", 0))
        self.p = float(a.pop("p")) if "p" in a else None
        self.times = int(a.pop("times", 0))
        self.ms = float(a.pop("ms", 30000))
        self.status, self.code = int(a.pop("status", 400)), a.pop("code", "ValidationException")
        self.message = a.pop("message", "injected_by_proxy").replace("_", " ")
        self.comm, self.header = a.pop("comm", None), a.pop("header", "If-*").lower()
        self.quote = bool(a.pop("quote", ""))
        if kind.startswith(("kill", "stop")) and not self.comm:
            raise ValueError(f"{spec!r}: {kind} needs comm=NAME")
        if a:
            raise ValueError(f"unknown keys {sorted(a)} in {spec!r}")
        self.seen = self.fired = 0

    @staticmethod
    def _range(s):
        if s.endswith("+"):
            return int(s[:-1]), float("inf")
        lo, _, hi = s.partition("-")
        return int(lo), int(hi or lo)

    def matches(self, service, action):
        return fnmatch.fnmatchcase(service, self.service) and fnmatch.fnmatchcase(action, self.action)

    def fires(self):
        """called once for each matching call; counts it."""
        self.seen += 1
        if self.times and self.fired >= self.times:
            return False
        if self.nth and not any(lo <= self.seen <= hi for lo, hi in self.nth):
            return False
        if self.every and self.seen % self.every:
            return False
        if self.p is not None and random.Random(f"{self.seed}/{self.index}/{self.seen}").random() >= self.p:
            return False
        return True


class Bucket:
    """One --rate: PATTERN=REFILL/BURST."""

    def __init__(self, spec):
        self.spec = spec
        pat, _, rb = spec.rpartition("=")
        self.pattern = pat
        r, _, b = rb.partition("/")
        self.refill, self.burst = float(r), float(b or r)
        self.tokens, self.t, self.refused = self.burst, time.monotonic(), 0

    def take(self, service, action):
        if not fnmatch.fnmatchcase(f"{service}:{action}", self.pattern):
            return True
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.t) * self.refill)
        self.t = now
        if self.tokens >= 1:
            self.tokens -= 1
            return True
        self.refused += 1
        return False


# ---------------------------------------------------------------- which AWS call is it?

REST = [("scheduler", "POST", r"/schedules/[^/]+$", "CreateSchedule"), ("scheduler", "GET", r"/schedules/[^/]+$", "GetSchedule"),
        ("scheduler", "PUT", r"/schedules/[^/]+$", "UpdateSchedule"), ("scheduler", "DELETE", r"/schedules/[^/]+$", "DeleteSchedule"),
        ("scheduler", "GET", r"/schedules$", "ListSchedules"), ("scheduler", "POST", r"/schedule-groups/[^/]+$", "CreateScheduleGroup"),
        ("scheduler", "GET", r"/schedule-groups/[^/]+$", "GetScheduleGroup"), ("scheduler", "DELETE", r"/schedule-groups/[^/]+$", "DeleteScheduleGroup"),
        ("scheduler", "GET", r"/schedule-groups$", "ListScheduleGroups"), ("scheduler", "GET", r"/tags/.+", "ListTagsForResource"),
        ("scheduler", "POST", r"/tags/.+", "TagResource"), ("scheduler", "DELETE", r"/tags/.+", "UntagResource")]
S3_SUB = ["versioning", "tagging", "policy", "acl", "lifecycle", "encryption", "publicAccessBlock", "location", "versions", "object-lock", "ownershipControls"]
S3_OP = {"GET": "Get", "PUT": "Put", "DELETE": "Delete", "HEAD": "Head", "POST": "Post"}


def s3_action(method, path, query):
    bucket, _, key = path.lstrip("/").partition("/")
    what = "Object" if key else "Bucket"
    if "uploadId" in query or "uploads" in query:
        return f"{S3_OP.get(method, method)}Multipart"
    if "delete" in query:
        return "DeleteObjects"
    for s in S3_SUB:
        if s in query:
            if s == "versions":
                return "ListObjectVersions"
            s = "".join(w[0].upper() + w[1:] for w in s.split("-"))
            return f"{S3_OP.get(method, method)}{what}{s}"
    if not bucket:
        return "ListBuckets"
    if not key:
        return {"GET": "ListObjectsV2" if "list-type" in query else "ListObjects", "PUT": "CreateBucket", "DELETE": "DeleteBucket", "HEAD": "HeadBucket"}.get(method, method)
    return S3_OP.get(method, method) + "Object"


def identify(req, body):
    """-> service (signing name), action, region, access key id, error dialect: json | query | ec2 | s3 | rest"""
    h, path, query = req.headers, req.path, req.rel_url.query
    service = region = key = ""
    m = re.search(r"Credential=([^/]+)/\d+/([^/]*)/([^/]+)/aws4_request", h.get("Authorization", "") or urllib.parse.unquote(query.get("X-Amz-Credential", "") and "Credential=" + query["X-Amz-Credential"]))
    if m:
        key, region, service = m.groups()
    target = h.get("X-Amz-Target")
    if target:
        return service or target.split(".")[0], target.rsplit(".", 1)[-1], region, key, "json"
    if path.startswith("/service/") and "/operation/" in path:  # smithy rpc v2
        return service, path.rsplit("/", 1)[-1], region, key, "json"
    action = query.get("Action")
    if not action and "urlencoded" in h.get("Content-Type", ""):
        m = re.search(rb"(?:^|&)Action=(\w+)", body)
        action = m and m.group(1).decode()
    if action:
        return service or "query", action, region, key, "ec2" if service == "ec2" else "query"
    if service in ("s3", ""):
        return service or "s3", s3_action(req.method, path, query), region, key, "s3"
    for s, meth, rx, name in REST:
        if s == service and meth == req.method and re.match(rx, path):
            return service, name, region, key, "rest"
    return service, f"{req.method} {path}", region, key, "rest"


def aws_error(dialect, status, code, message):
    """An error as the service's own protocol writes it."""
    rid = str(uuid.uuid4())
    esc = message.replace("&", "&amp;").replace("<", "&lt;")
    if dialect == "json":
        return web.Response(status=status, body=json.dumps({"__type": code, "message": message}).encode(),
                            headers={"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": rid})
    if dialect == "rest":
        return web.Response(status=429 if "Throttl" in code else status, body=json.dumps({"Message": message}).encode(),
                            headers={"Content-Type": "application/json", "x-amzn-ErrorType": code, "x-amzn-RequestId": rid})
    if dialect == "ec2":
        x = f"<Response><Errors><Error><Code>{code}</Code><Message>{esc}</Message></Error></Errors><RequestID>{rid}</RequestID></Response>"
    elif dialect == "s3":
        x = f"<Error><Code>{code}</Code><Message>{esc}</Message><RequestId>{rid}</RequestId></Error>"
    else:
        t = "Sender" if status < 500 else "Receiver"
        x = f"<ErrorResponse><Error><Type>{t}</Type><Code>{code}</Code><Message>{esc}</Message></Error><RequestId>{rid}</RequestId></ErrorResponse>"
    return web.Response(status=status, body=('<?xml version="1.0" encoding="UTF-8"?>' + x).encode(), headers={"Content-Type": "text/xml", "x-amzn-RequestId": rid})


def quoted(body):
    """a request as error messages quote it: whole and each text in it, in several spellings"""
    raw = body.decode("utf-8", "replace")
    try:
        texts = []

        def walk(value):
            if isinstance(value, str):
                texts.append(value)
                if value[:1] == "{":
                    walk(json.loads(value))
            for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
                walk(inner)

        walk(json.loads(raw))
    except ValueError:
        texts = [value for _, value in urllib.parse.parse_qsl(raw)]
    spellings = [str, json.dumps, repr, urllib.parse.quote, lambda text: base64.b64encode(text.encode()).decode()]
    return " ".join([raw] + [spelling(text) for text in texts for spelling in spellings])


def throttle_error(dialect):
    code, status = {"json": ("ThrottlingException", 400), "rest": ("ThrottlingException", 429), "query": ("Throttling", 400),
                    "ec2": ("RequestLimitExceeded", 503), "s3": ("SlowDown", 503)}[dialect]
    return aws_error(dialect, status, code, "Rate exceeded")


def five_error(dialect, status):
    return aws_error(dialect, status, {500: {"json": "InternalServerException", "s3": "InternalError", "ec2": "InternalError"}.get(dialect, "InternalFailure"),
                                       503: "ServiceUnavailable"}[status], "injected by proxy")


def rst(req):
    """close the client's connection with a TCP RST"""
    t = req.transport
    if t is not None:
        t.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        t.abort()


def signal_client(req, comm, number):
    """Sends a signal to the process that owns the other end of this loopback connection, if it is called `comm`."""
    peer = req.transport and req.transport.get_extra_info("peername")
    if not peer:
        return None
    inode = None
    for line in open("/proc/net/tcp").read().splitlines()[1:]:
        f = line.split()
        if f[1].endswith(":%04X" % peer[1]) and f[2].endswith(":%04X" % req.transport.get_extra_info("sockname")[1]):
            inode = f[9]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if open(f"/proc/{pid}/comm").read().strip() != comm:
                continue
            if any(os.readlink(f"/proc/{pid}/fd/{fd}") == f"socket:[{inode}]" for fd in os.listdir(f"/proc/{pid}/fd")):
                os.kill(int(pid), number)
                return int(pid)
        except OSError:
            pass
    return None


# ---------------------------------------------------------------- the proxy

class Proxy:
    def __init__(self, a):
        self.a = a
        self.log = open(a.log, "a", buffering=1) if a.log else None
        self.rng = random.Random(a.seed)
        self.set_faults(a.fault)
        self.buckets = [Bucket(s) for s in a.rate]
        self.zero()

    def set_faults(self, specs):
        self.rules = [Rule(s, i, self.a.seed) for i, s in enumerate(specs)]

    def zero(self):
        self.n = self.inflight = self.max_inflight = 0
        self.counts, self.fault_counts = {}, {}
        for r in self.rules:
            r.seen = r.fired = 0

    async def start(self):
        self.http = aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None), cookie_jar=aiohttp.DummyCookieJar(),
                                          connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=20))
        self.server = web.Server(self.handle, access_log=None, keepalive_timeout=3600, tcp_keepalive=False)
        self.sock = await asyncio.get_running_loop().create_server(self.server, "127.0.0.1", self.a.listen, backlog=1024)
        return self.sock.sockets[0].getsockname()[1]

    # -- admin
    def state(self):
        return {"calls": self.n, "inflight": self.inflight, "max_inflight": self.max_inflight, "counts": self.counts, "faults": self.fault_counts,
                "latency_ms": self.a.latency_ms, "jitter_ms": self.a.jitter_ms,
                "rules": [{"spec": r.spec, "seen": r.seen, "fired": r.fired} for r in self.rules],
                "rates": [{"spec": b.spec, "tokens": round(b.tokens, 2), "refused": b.refused} for b in self.buckets]}

    async def admin(self, req):
        if req.method == "POST":
            try:
                j = json.loads(await req.read() or b"{}")
                if "faults" in j:
                    self.set_faults(j["faults"])
                if "rates" in j:
                    self.buckets = [Bucket(s) for s in j["rates"]]
                for k in ("latency_ms", "jitter_ms"):
                    if k in j:
                        setattr(self.a, k, float(j[k]))
            except (ValueError, TypeError, KeyError) as e:
                return web.json_response({"error": str(e)}, status=400)
            if j.get("reset"):
                inflight = self.inflight
                self.zero()
                self.inflight = inflight
            if j.get("truncate_log") and self.log:
                self.log.truncate(0)
            if "mark" in j and self.log:
                self.log.write(json.dumps({"mark": j["mark"], "t0": time.time()}) + "\n")
        return web.json_response(self.state())

    # -- one call
    def pick(self, service, action):
        hit = None
        for r in self.rules:
            if r.matches(service, action) and r.fires() and hit is None:
                hit = r
                r.fired += 1
        return hit

    async def handle(self, req):
        if req.path.startswith("/_proxy"):
            return await self.admin(req)
        t0 = time.time()
        self.n += 1
        self.inflight += 1
        self.max_inflight = max(self.max_inflight, self.inflight)
        e = {"id": self.n, "t0": t0, "inflight": self.inflight, "conn": (req.transport.get_extra_info("peername") or ("", 0))[1] if req.transport else 0}
        resp = None
        try:
            body = await req.read()
            service, action, region, key, dialect = identify(req, body)
            e.update(service=service, action=action, region=region, key=key, method=req.method, path=req.path, fault=None, up_status=None, up_ms=None)
            e["in"] = len(body)
            name = f"{service}.{action}"
            self.counts[name] = self.counts.get(name, 0) + 1
            half = (self.a.latency_ms + (self.rng.random() * self.a.jitter_ms if self.a.jitter_ms else 0)) / 2000
            if half:
                await asyncio.sleep(half)
            resp = await self.serve(req, body, e, service, action, dialect)
            if half:
                await asyncio.sleep(half)
            if self.a.log_body:
                e["req"] = body[:self.a.log_body].decode("utf-8", "replace")
                e["resp"] = (resp.body or b"")[:self.a.log_body].decode("utf-8", "replace") if resp is not None else None
            f = e["fault"]
            if f in ("reset-before", "reset-after", "hang", "hang-after", "kill-before", "kill-after"):
                rst(req)
                resp = None
            elif f == "truncate":
                await self.truncated(req, resp)
                resp = None
            gone = req.transport is None or req.transport.is_closing()
            e["status"] = None if resp is None or gone else resp.status
            e["out"] = len(resp.body or b"") if resp is not None else 0
            return resp if resp is not None else web.Response(status=500)
        finally:
            self.inflight -= 1
            if e.get("fault"):
                self.fault_counts[e["fault"]] = self.fault_counts.get(e["fault"], 0) + 1
            if self.log:
                e["t1"] = time.time()
                e["ms"] = round((e["t1"] - t0) * 1000, 2)
                self.log.write(json.dumps(e) + "\n")

    async def serve(self, req, body, e, service, action, dialect):
        """the answer for the client (for resets: whatever was got, the caller drops it)"""
        r = self.pick(service, action)
        if r:
            e["fault"] = r.kind
            k = r.kind
            if k == "throttle":
                return throttle_error(dialect)
            if k in ("500", "503"):
                return five_error(dialect, int(k))
            if k == "error":
                return aws_error(dialect, r.status, r.code, r.message + (" " + quoted(body) if r.quote else ""))
            if k == "stop-before":
                e["stopped"] = signal_client(req, r.comm, signal.SIGSTOP)
            if k in ("hang", "delay", "stop-before"):
                await asyncio.sleep(r.ms / 1000)
            if k == "kill-before":
                e["killed"] = signal_client(req, r.comm, signal.SIGKILL)
            if k in NOT_FORWARDED:
                return None
        if not all([b.take(service, action) for b in self.buckets]):
            e["fault"] = "rate"
            return throttle_error(dialect)
        t = time.monotonic()
        try:
            resp = await self.forward(req, body, without=r.header if r and r.kind == "unconditional" else "")
        except aiohttp.ClientError as x:
            e["fault"], e["error"] = "upstream", f"{type(x).__name__}: {x}"
            return aws_error(dialect, 502, "BadGateway", f"upstream: {x}")
        e["up_ms"] = round((time.monotonic() - t) * 1000, 2)
        e["up_status"] = resp.status
        if r:
            if r.kind == "hang-after":
                await asyncio.sleep(r.ms / 1000)
            if r.kind == "kill-after":
                e["killed"] = signal_client(req, r.comm, signal.SIGKILL)
            if r.kind == "stop-after":
                e["stopped"] = signal_client(req, r.comm, signal.SIGSTOP)
            if r.kind == "500-after":
                return five_error(dialect, 500)
        return resp

    async def forward(self, req, body, without):
        h = [(k, v) for k, v in req.headers.items() if k.lower() not in HOP and not fnmatch.fnmatchcase(k.lower(), without)]
        async with self.http.request(req.method, self.a.upstream + req.raw_path, headers=h, data=body if body or req.method in ("POST", "PUT", "PATCH") else None,
                                     allow_redirects=False, skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type")) as u:
            b = await u.read()
            out = web.Response(status=u.status, reason=u.reason, body=b if req.method != "HEAD" else None)
            out.headers.clear()
            for k, v in u.headers.items():
                if k.lower() not in HOP and k.lower() not in ("date", "server"):
                    out.headers.add(k, v)
            if req.method == "HEAD" and "Content-Length" in u.headers:
                out.headers["Content-Length"] = u.headers["Content-Length"]
            return out

    async def truncated(self, req, resp):
        b = resp.body or b""
        head = f"HTTP/1.1 {resp.status} {resp.reason}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in resp.headers.items()) + f"Content-Length: {len(b)}\r\n\r\n"
        if req.transport:
            req.transport.write(head.encode() + b[:len(b) // 2])
            await asyncio.sleep(0.02)
        rst(req)

def arguments(argv=None):
    env = lambda n, d: os.environ.get("PROXY_" + n, d)
    many = lambda n: [s for s in env(n, "").split(";") if s]
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--listen", type=int, default=int(env("LISTEN", 6000)))
    p.add_argument("--upstream", default=env("UPSTREAM", "http://127.0.0.1:5000"))
    p.add_argument("--latency-ms", type=float, default=float(env("LATENCY_MS", 0)))
    p.add_argument("--jitter-ms", type=float, default=float(env("JITTER_MS", 0)))
    p.add_argument("--log", default=env("LOG", ""))
    p.add_argument("--log-body", type=int, default=int(env("LOG_BODY", 0)))
    p.add_argument("--seed", type=int, default=int(env("SEED", 1)))
    p.add_argument("--fault", action="append", default=None)
    p.add_argument("--rate", action="append", default=None)
    a = p.parse_args(argv)
    a.fault = many("FAULT") if a.fault is None else a.fault
    a.rate = many("RATE") if a.rate is None else a.rate
    a.upstream = a.upstream.rstrip("/")
    if urllib.parse.urlsplit(a.upstream).hostname not in ("127.0.0.1", "localhost", "::1"):
        p.error("--upstream must be a loopback address")
    return a


async def main():
    try:
        proxy = Proxy(arguments())
    except ValueError as e:
        sys.exit(f"proxy.py: {e}")
    port = await proxy.start()
    print(f"listening on http://127.0.0.1:{port} -> {proxy.a.upstream} latency {proxy.a.latency_ms:g} ms, {len(proxy.rules)} fault rules", flush=True)
    stop = asyncio.Event()
    for s in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(s, stop.set)
    await stop.wait()
    proxy.sock.close()
    await proxy.http.close()


if __name__ == "__main__":
    asyncio.run(main())
