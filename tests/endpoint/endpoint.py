"""endpoint.py - an AWS account of the tests' own: moto, made strict, behind a proxy that injects faults. All on loopback, in one process.

    python endpoint.py                              prints one line of JSON: url, direct_url (past the proxy), log,
                                                    environment; runs until its parent ends
    python endpoint.py --format shell               prints export lines, for `eval`
    python endpoint.py --execute                    executions of state machines really run, and so do their ECS tasks
    python endpoint.py --fault throttle,p=0.2 --latency-ms 20 --knob sfn_lag_ms=2000

While it runs:  POST url/_proxy {"faults": [...], "latency_ms": 0, "reset": true}     faults, see proxy.py
                POST url/_strict {"sfn_lag_ms": 2000}                                 propagation lags, see strictness.py
                POST url/_strict/reset                                                an empty account again
"""
import argparse
import asyncio
import json
import logging
import os
import shlex
import signal
import sys
import tempfile
import threading

# moto reads these when it is imported. Nothing of the user's own AWS configuration may reach it.
for name in [name for name in os.environ if name.startswith("AWS_") or name.lower() in ("http_proxy", "https_proxy", "all_proxy")]:
    del os.environ[name]
os.environ.update(MOTO_IAM_LOAD_MANAGED_POLICIES="true", AWS_EC2_METADATA_DISABLED="true", MOTO_SYNC_POLL_S="0.1", NO_PROXY="*")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--format", choices=("json", "shell"), default="json")
    parser.add_argument("--region", default="eu-central-1", help="the region of the printed environment")
    parser.add_argument("--execute", action="store_true", help="started executions of state machines really run")
    parser.add_argument("--lax", action="store_true", help="moto as it is, without strictness.py")
    parser.add_argument("--knob", action="append", default=[], metavar="NAME=MS")
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC")
    parser.add_argument("--rate", action="append", default=[], metavar="SPEC")
    parser.add_argument("--latency-ms", default="0")
    return parser.parse_args()


def start_moto(lax, execute):
    """Serves moto on a free port from threads of this process; returns the port."""
    import moto_plus  # noqa: F401  (repairs moto)
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    if execute:
        # Before the first machine is made: those that can run live in a store of their own.
        from moto.core.config import default_user_config
        default_user_config["stepfunctions"]["execute_state_machine"] = True
    if not lax:
        import strictness
        strictness.install()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True, request_handler=MotoRequestHandler)
    os.environ["MOTO_PORT"] = str(server.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.port


def client_environment(url, region):
    """What a client needs to find this account and nothing else."""
    return {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


async def serve(options, parent):
    import proxy

    if options.knob:
        import strictness
        strictness.KNOBS.update({name: float(value) for name, _, value in (knob.partition("=") for knob in options.knob)})
    upstream = f"http://127.0.0.1:{start_moto(options.lax, options.execute)}"
    with tempfile.TemporaryDirectory(prefix="stepwright-endpoint-") as folder:
        log = os.path.join(folder, "calls.jsonl")
        flags = ["--listen", "0", "--upstream", upstream, "--log", log, "--log-body", "65536", "--latency-ms", options.latency_ms]
        flags += [word for fault in options.fault for word in ("--fault", fault)] + [word for rate in options.rate for word in ("--rate", rate)]
        url = f"http://127.0.0.1:{await proxy.Proxy(proxy.arguments(flags)).start()}"
        environment = client_environment(url, options.region)
        if options.format == "shell":
            print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items()), flush=True)
        else:
            print(json.dumps({"url": url, "direct_url": upstream, "log": log, "environment": environment}), flush=True)
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        while not stop.is_set() and os.getppid() == parent:
            try:
                await asyncio.wait_for(stop.wait(), 0.5)
            except asyncio.TimeoutError:
                pass


if __name__ == "__main__":
    started_by = os.getppid()
    asyncio.run(serve(arguments(), started_by))
    os._exit(0)     # moto's threads may still be answering
