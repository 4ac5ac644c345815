"""Planted secrets of several kinds are found; what is allowed is allowed by file and line, with a reason."""

from __future__ import annotations

import base64
import json
import secrets
import tomllib
from pathlib import Path
from random import Random

import pytest
from tests.security.secret import ALLOWED, Allowed, Finding, scan, unexplained

RANDOM = Random(7)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _of(count: int, letters: str = LETTERS) -> str:
    return "".join(RANDOM.choices(letters, k=count))


def _part(claims: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


PLANTS = {
    "Private Key": f"-----BEGIN RSA PRIVATE {'KEY'}-----\n{_of(64)}\n",
    "AWS Access Key": f"key = 'AKIA{_of(16, LETTERS[:26])}'\n",
    "GitHub Token": f"token = 'ghp_{_of(36)}'\n",
    "Slack Token": f"token = 'xoxb-{_of(12, '0123456789')}-{_of(12, '0123456789')}-{_of(24)}'\n",
    "Basic Auth Credentials": f"url = 'postgresql://clic:{_of(12)}@db/clic'\n",
    "Secret Keyword": f"password = '{_of(20)}'\n",
    "Base64 High Entropy String": f"value = '{_of(60)}'\n",
    "JSON Web Token": f"t = '{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part({'sub': '1234567890'})}.{_of(43)}'\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", PLANTS)
def test_a_planted_secret_is_found(kind: str, tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(f"x = 1\n{PLANTS[kind]}", "utf-8")

    found = scan(["planted.py"], tmp_path)

    assert kind in {each.kind for each in found}
    assert f"planted.py:2: {kind}" in list(unexplained(found, [], tmp_path))


def test_what_is_allowed_is_allowed_on_its_lines_alone_and_while_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(f"{PLANTS['Secret Keyword']}{PLANTS['AWS Access Key']}", "utf-8")
    password = Allowed("planted.py", "^password", "Nobody's.")
    elsewhere = Allowed("other.py", "^password", "Nobody's.")
    found = scan(["planted.py"], tmp_path)

    left = list(unexplained(found, [password, elsewhere], tmp_path))

    assert Finding("planted.py", 2, "AWS Access Key") in found
    assert "planted.py:2: AWS Access Key" in left
    assert not [each for each in left if each.startswith("planted.py:1")]
    assert "secrets.toml: other.py: '^password' excuses nothing any more" in left


def test_a_fixed_password_of_a_test_is_none_and_a_key_in_a_test_is_one(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_x.py").write_text(f"{PLANTS['Secret Keyword']}{PLANTS['GitHub Token']}", "utf-8")

    kinds = {each.kind for each in scan(["tests/test_x.py"], tmp_path)}

    assert "GitHub Token" in kinds
    assert "Secret Keyword" not in kinds


def test_each_entry_of_the_list_has_a_reason() -> None:
    entries = tomllib.loads(ALLOWED.read_text("utf-8"))["allowed"]

    assert [Allowed.of(each) for each in entries]
    with pytest.raises(ValueError, match="reason"):
        Allowed.of({"path": "a", "holds": secrets.token_hex(2), "reason": " "})
