"""What the official NATS chart makes of our values: the part of its configuration that they touch.

The chart itself cannot be had from the registries that tests may reach. What stands here was compared with what chart
2.14.2 renders of `values/nats.yaml`, word for word, when it was written (docs/decisions/0033).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from tests.chart.rendering import VALUES

CONFIG_FOLDER = Path("/etc/nats-config")
FIXED = {
    "lame_duck_duration": "30s",
    "lame_duck_grace_period": "10s",
    "pid_file": "/var/run/nats/nats.pid",
    "port": 4222,
    "server_name": "<< $SERVER_NAME >>",
}
CERTIFICATES = {"nats": "/etc/nats-certs/nats", "cluster": "/etc/nats-certs/cluster"}
CA = "/etc/nats-ca-cert"


def values() -> dict[str, Any]:
    """Of `deploy/chart/values/nats.yaml`."""
    read: dict[str, Any] = yaml.safe_load((VALUES / "nats.yaml").read_text(encoding="utf-8"))
    return read


def server_config(said: dict[str, Any]) -> str:
    """The servers' `nats.conf`."""
    config = said["config"]
    cluster, jetstream = config["cluster"], config["jetstream"]
    whole: dict[str, Any] = {
        **FIXED,
        "cluster": {
            "name": "nats",
            "no_advertise": True,
            "port": 6222,
            "routes": [f"tls://nats-{each}.nats-headless:6222" for each in range(cluster["replicas"])],
            "tls": _tls("cluster"),
        },
        "http_port": 8222,
        "jetstream": {
            "max_file_store": f"<< {jetstream['fileStore']['maxSize']} >>",
            "max_memory_store": 0,
            "store_dir": "/data",
            **jetstream["merge"],
        },
        "tls": _tls("nats"),
        **config["merge"],
    }
    text = json.dumps(whole, indent=2, sort_keys=True)
    text = re.sub(r'".*\$include": "(.*)",?', r"include \1;", text)
    return re.sub(r'"<<\s+(.*?)\s+>>"', r"\1", text)


def _tls(what: str) -> dict[str, str]:
    folder = CERTIFICATES[what]
    return {"ca_file": f"{CA}/ca.crt", "cert_file": f"{folder}/tls.crt", "key_file": f"{folder}/tls.key"}
